internal import Consultation
internal import Logging
internal import MediaEngine
internal import Wire

/// Smaller pictures for narrow paths: begun and ended as the worker needs them, as long as the room lets them.
extension RoomSession {
  /// What runs for one.
  struct RunningRendition {
    var tap: PacketTap
    var feed: PacketFeed
    var hook: any RunningHook
  }

  /// Packets that wait for the decoder: some keyframes.
  private static let tapCapacity = 512
  /// Of a small picture: some keyframes, too.
  private static let feedCapacity = 128

  func renditionNeeded(_ publication: PublicationID, _ isNeeded: Bool) async {
    let track = TrackID(publication)
    guard isNeeded else { return await endRendition(of: track) }
    guard renditions[track] == nil, let maker = environment.renditions else { return }
    var next = room
    guard let effects = try? next.beginRendition(of: track),
      case .renditionBegan(let rendition) = effects.first,
      let bindings = sessions[rendition.subject]?.payloads(of: publication)
    else { return }
    let (tap, feed) = (
      PacketTap(capacity: Self.tapCapacity), PacketFeed(capacity: Self.feedCapacity)
    )
    let worker = worker
    let hook: any RunningHook
    do throws(RenditionRefusal) {
      hook = try maker.begin(from: tap, into: feed, bindings: bindings) {
        worker.send([.askKeyframe(publication)])
      }
    } catch {
      environment.logger.debug(
        "no smaller picture", metadata: metadata(rendition, ["reason": "\(error)"]))
      return
    }
    // Nothing is decoded that a crash would hide: until here the tap is of nothing.
    do throws(SignalingError) { try await write(effects) } catch {
      hook.end()
      return
    }
    room = next
    renditions[track] = RunningRendition(tap: tap, feed: feed, hook: hook)
    environment.logger.info("smaller picture begins", metadata: metadata(rendition, [:]))
    settle(effects)
    worker.send([.addTap(publication, tap), .addRendition(publication, feed)])
  }

  /// Ends at once what may not go on in `next`; record and roster follow.
  func stopRenditions(in next: Room) {
    for track in renditions.keys {
      let rendition = next.renditions.first { $0.track == track }
      guard !(rendition.map { next.mayRender($0) } ?? false) else { continue }
      stopRendition(of: track)
      Task { [weak self] in
        await self?.exclusively { () async in await self?.endRendition(of: track) }
      }
    }
  }

  private func stopRendition(of track: TrackID) {
    guard let running = renditions.removeValue(forKey: track) else { return }
    running.hook.end()
    let publication = PublicationID(track)
    worker.send([
      .removeTap(publication, running.tap), .removeRendition(publication, running.feed),
    ])
    guard running.hook.dropped > 0 || running.feed.dropped > 0 else { return }
    environment.logger.notice(
      "a smaller picture did not get all packets, or could not give all",
      metadata: [
        "consultation": "\(id)", "publication": "\(track)", "dropped": "\(running.hook.dropped)",
        "refused": "\(running.feed.dropped)",
      ])
  }

  private func endRendition(of track: TrackID) async {
    stopRendition(of: track)
    let effects = room.endRendition(of: track)
    guard case .renditionEnded(let rendition) = effects.first else { return }
    await recorder.note(effects)
    settle(effects)
    environment.logger.info("smaller picture ends", metadata: metadata(rendition, [:]))
  }

  private func metadata(_ rendition: Rendition, _ more: Logger.Metadata) -> Logger.Metadata {
    let known: Logger.Metadata = [
      "consultation": "\(id)", "subject": "\(rendition.subject)",
      "publication": "\(rendition.track)",
    ]
    return known.merging(more) { $1 }
  }
}
