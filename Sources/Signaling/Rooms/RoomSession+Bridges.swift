internal import Consultation
internal import Logging
internal import MediaEngine
internal import Wire

/// Participants by telephone, or programs that hear: RTP in and out, on request of the program that books. `Room` says
/// when sound goes there; here the mix of those who are heard begins and ends.
extension RoomSession {
  /// A bridge that goes on.
  final class RunningRoomBridge {
    let bridge: any RunningBridge
    let payloads: [PayloadBinding]
    let speaks: Bool
    let feed: PacketFeed?
    /// Who is heard.
    var voices: [TrackID: BridgeVoice] = [:]
    /// What comes, as a publication.
    var track: TrackID?
    /// It is about to be published.
    var isPublishing = false

    init(_ bridge: any RunningBridge, _ payloads: [PayloadBinding], feed: PacketFeed?) {
      (self.bridge, self.payloads, self.feed) = (bridge, payloads, feed)
      speaks = feed != nil
    }
  }

  /// What is told of one.
  struct BridgeState {
    var participant: ParticipantID
    var role: ParticipantRole
    var bridge: Bridge
    /// `waiting`, `paused` or `on`.
    var state: String
    var local: TransportAddress
    var figures: BridgeFigures
  }

  /// Packets that wait for the mix, or the worker: five seconds of sound.
  private static let capacity = 256

  /// Somebody comes by a bridge.
  ///
  /// - Parameter token: of who comes: made by the program that asks.
  func beginBridge(
    _ wish: BridgeWish, _ direction: Bridge.Direction, _ token: AccessToken
  ) async throws -> BridgeState {
    guard let source = environment.bridges else {
      throw SignalingError(
        .notFound, "this server has no bridges: see the setting bridges.networks")
    }
    return try await exclusively { () async throws in
      let bridge = Bridge(direction, isEncrypted: wish.keys != nil)
      let payloads = [
        PayloadBinding(codec: .opus, payloadType: wish.payloadType, rtxPayloadType: nil)
      ]
      let feed = bridge.speaks ? PacketFeed(capacity: Self.capacity) : nil
      // Nothing is sent to where it may not go, and nobody is on the roster who cannot be here.
      try room.tryBridge(bridge, token.role)
      let running: any RunningBridge
      do throws(BridgeRefusal) {
        running = try source.open(wish, into: feed)
      } catch {
        throw SignalingError(error)
      }
      let session: ParticipantSession
      let effects: [RoomEffect]
      do {
        (session, effects) = try await enter(token, as: nil, on: nil, bridge: bridge)
      } catch {
        running.end()
        throw error
      }
      bridges[session.id] = RunningRoomBridge(running, payloads, feed: feed)
      settle(effects)
      guard let state = bridgeState(of: session.id) else {
        throw SignalingError(.internal, "the bridge has ended at once")
      }
      return state
    }
  }

  /// On behalf of the REST interface.
  func endBridge(_ id: ParticipantID) async throws(SignalingError) {
    try await exclusively { () async throws(SignalingError) in
      guard room[id]?.bridge != nil else { throw Self.noSuchBridge }
      var next = room
      let effects: [RoomEffect]
      do throws(RoomError) { effects = try next.leave(id, reason: .left) } catch {
        throw SignalingError(error)
      }
      try await write(effects)
      room = next
      settle(effects)
    }
  }

  var bridgeStates: [BridgeState] { room.bridges.compactMap { bridgeState(of: $0.id) } }

  /// Takes away at once who may not be heard in `next`.
  func stopBridges(in next: Room) {
    for (id, running) in bridges {
      guard let participant = next[id] else {
        end(id, running)
        continue
      }
      let isSilenced = participant.admission.isInside == false
      for track in running.voices.keys where isSilenced || !next.mayReceive(id, track) {
        silence(track, in: running)
      }
      if let track = running.track, next.publication(track) == nil {
        worker.send([.removePublication(PublicationID(track))])
        running.track = nil
      }
    }
  }

  /// The worker has dropped these, with their taps: they are heard anew when they are offered again.
  func forgetVoices(of publications: Set<PublicationID>) {
    for running in bridges.values {
      for track in running.voices.keys where publications.contains(PublicationID(track)) {
        silence(track, in: running)
      }
    }
  }

  /// Who is heard is whom the bridge may receive now. Comes after whatever has changed.
  func settleBridges() {
    stopBridges(in: room)
    for (id, running) in bridges {
      for (owner, publication) in room.receivable(by: id) where publication.source.isAudio {
        let publicationID = PublicationID(publication.track)
        let bindings = bridged(publicationID) ?? sessions[owner]?.payloads(of: publicationID)
        guard let bindings, bindings.contains(where: { $0.codec == .opus }) else { continue }
        if let former = running.voices[publication.track] {
          guard former.bindings != bindings else { continue }
          silence(publication.track, in: running)
        }
        let voice = BridgeVoice(tap: PacketTap(capacity: Self.capacity), bindings: bindings)
        running.voices[publication.track] = voice
        worker.send([.addTap(publicationID, voice.tap)])
      }
      running.bridge.hear(Array(running.voices.values))
      settlePublication(of: id, running)
    }
  }

  private func settlePublication(of id: ParticipantID, _ running: RunningRoomBridge) {
    guard running.track == nil, running.speaks, !running.isPublishing, room.isAdmitted(id) else {
      return
    }
    running.isPublishing = true
    Task { [weak self] in
      await self?.exclusively { () async in await self?.publish(of: id) }
    }
  }

  /// What comes by the bridge is a microphone like others.
  private func publish(of id: ParticipantID) async {
    guard let running = bridges[id], let feed = running.feed else { return }
    running.isPublishing = false
    var next = room
    let publication = identifiers.nextPublication()
    let track = TrackID(publication)
    guard running.track == nil,
      let effects = try? next.publish(id, .microphone, as: track, muted: nil)
    else { return }
    await recorder.note(effects)
    room = next
    running.track = track
    worker.send([.addFed(publication, feed, running.payloads)])
    settle(effects)
  }

  private func silence(_ track: TrackID, in running: RunningRoomBridge) {
    guard let voice = running.voices.removeValue(forKey: track) else { return }
    worker.send([.removeTap(PublicationID(track), voice.tap)])
    running.bridge.hear(Array(running.voices.values))
  }

  private func end(_ id: ParticipantID, _ running: RunningRoomBridge) {
    for track in running.voices.keys { silence(track, in: running) }
    running.bridge.end()
    if let track = running.track { worker.send([.removePublication(PublicationID(track))]) }
    bridges[id] = nil
    let figures = running.bridge.figures
    environment.logger.info(
      "a bridge has ended",
      metadata: [
        "consultation": "\(self.id)", "participant": "\(id)", "sent": "\(figures.sent)",
        "received": "\(figures.received)", "refused": "\(figures.refused)",
      ])
  }

  func bridged(_ publication: PublicationID) -> [PayloadBinding]? {
    bridges.values.first { $0.track.map { PublicationID($0) } == publication }?.payloads
  }

  private func bridgeState(of id: ParticipantID) -> BridgeState? {
    guard let running = bridges[id], let participant = room[id], let bridge = participant.bridge
    else { return nil }
    return BridgeState(
      participant: id, role: participant.role, bridge: bridge,
      state: !participant.admission.isInside ? "waiting" : room.mayBeBridged ? "on" : "paused",
      local: running.bridge.local, figures: running.bridge.figures)
  }

  private static let noSuchBridge = SignalingError(
    .notFound, "there is no such bridge in this consultation")
}

extension SignalingError {
  fileprivate init(_ refusal: BridgeRefusal) {
    switch refusal {
    case .address:
      self.init(
        .forbidden, "the address of `remote` is in none of the networks of bridges.networks")
    case .busy:
      self.init(.busy, "as many bridges run on this server as may: try again later")
    case .network:
      self.init(
        .internal, "no way leads from this server to the address of `remote`, or no port is free")
    }
  }
}

extension Room {
  /// - Throws: why nobody could come by this bridge now.
  fileprivate func tryBridge(_ bridge: Bridge, _ role: ParticipantRole) throws(SignalingError) {
    guard state != .ended else { throw SignalingError(RoomError.ended) }
    do throws(RoomError) { try check(bridge, role) } catch { throw SignalingError(error) }
  }
}
