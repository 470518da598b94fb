internal import Congestion
internal import Consultation
internal import Logging
internal import MediaEngine
internal import Wire

/// Several voices as one stream (N-1) for a listener whose path carries them one by one only with what can just be
/// understood: one of its subscriptions carries the mix, the others nothing. To all else here each of them goes on to
/// carry what it was bound to, so that whatever changes ends the mix by binding them again.
extension RoomSession {
  /// What runs for one listener.
  struct RunningMix {
    var hook: any RunningVoiceMix
    /// As what its packets come.
    var publication: PublicationID
    /// The subscription of the first carries the mix.
    var voices: [MixedTrack]
    var taps: [PacketTap]
    var rate: SoundRate
    var began: MediaInstant

    var carrier: SubscriptionID { voices[0].subscription }
  }

  /// A voice that a subscription would carry by itself.
  struct MixedTrack: Hashable {
    var subscription: SubscriptionID
    var voice: VoiceMix.Voice
    var bindings: [PayloadBinding]
  }

  /// Until when none is begun for a listener: a path that comes and goes does not begin one each time.
  struct MixPause {
    var until: MediaInstant
    var length: MediaDuration
  }

  /// Packets that wait for the mix: five seconds of sound.
  private static let tapCapacity = 256
  /// Of the mix: more than a turn of the worker may be late.
  private static let feedCapacity = 64
  private static let payload = PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)
  private static let retryAfter = MediaDuration.seconds(5)
  private static let shortestPause = MediaDuration.seconds(10)
  private static let longestPause = MediaDuration.seconds(300)
  /// A mix that was needed for so long was no mistake.
  private static let lasting = MediaDuration.seconds(60)

  /// Begins what is needed, ends what is not, or is not what it was. Comes after whatever has changed.
  func settleMixes() {
    guard let mixer = environment.mixer, !soundLimits.isEmpty || !mixes.isEmpty else { return }
    for (listener, running) in mixes {
      let rate = soundLimits[running.carrier] ?? .ample
      guard mixable(for: listener) == running.voices else {
        end(listener)
        continue
      }
      guard rate != .ample else {
        pause(listener, after: running)
        end(listener)
        continue
      }
      if rate != running.rate {
        running.hook.setRate(rate)
        mixes[listener]?.rate = rate
      }
    }
    for listener in sessions.keys where isMixDue(for: listener) {
      let now = environment.clock.now()
      let length = mixPauses[listener]?.length ?? .zero
      mixPauses[listener] = MixPause(until: now + Self.retryAfter, length: length)
      Task { [weak self] in
        await self?.exclusively { () async in await self?.beginMix(for: listener, by: mixer) }
      }
    }
  }

  /// Whether a subscription carries a mix, or nothing since a mix is carried.
  func isMixed(_ subscription: SubscriptionID) -> Bool {
    mixes.values.contains { $0.voices.contains { $0.subscription == subscription } }
  }

  /// Ends at once what may not go on in `next`; record and roster follow.
  func stopMixes(in next: Room) {
    for listener in mixes.keys {
      let mix = next.mixes.first { $0.listener == listener }
      guard !(mix.map { next.mayMix($0) } ?? false) else { continue }
      end(listener, in: next)
    }
  }

  /// The worker has dropped these, with their taps.
  func forgetMixes(of publications: Set<PublicationID>) {
    for (listener, running) in mixes
    where running.voices.contains(where: { publications.contains(PublicationID($0.voice.track)) }) {
      end(listener)
    }
  }

  /// What it carried is about to be described anew.
  func endMix(for listener: ParticipantID) {
    if mixes[listener] != nil { end(listener) }
  }

  // MARK: Need

  private func isMixDue(for listener: ParticipantID) -> Bool {
    guard mixes[listener] == nil,
      sessions[listener]?.socketConnection?.subscriptions.contains(where: {
        soundLimits[$0.id] == .least
      }) == true,
      mixPauses[listener].map({ environment.clock.now() >= $0.until }) ?? true
    else { return false }
    let voices = mixable(for: listener)
    return voices.count >= 2 && soundLimits[voices[0].subscription] == .least
  }

  /// The voices that a participant gets by signaling's own connection and that can be mixed.
  private func mixable(for listener: ParticipantID) -> [MixedTrack] {
    guard let connection = sessions[listener]?.socketConnection, connection.peer != nil else {
      return []
    }
    return connection.subscriptions.compactMap { subscription in
      guard subscription.kind == .audio, let id = subscription.publication,
        let (owner, publication) = room.publication(TrackID(id)), publication.source.isAudio,
        !publication.isEncrypted, room.mayReceive(listener, publication.track),
        let bindings = bridged(id) ?? sessions[owner]?.payloads(of: id),
        bindings.contains(where: { $0.codec == .opus })
      else { return nil }
      return MixedTrack(
        subscription: subscription.id, voice: .init(track: publication.track, subject: owner),
        bindings: bindings)
    }
  }

  // MARK: Beginning and end

  private func beginMix(for listener: ParticipantID, by mixer: any VoiceMixer) async {
    await noteEnd(of: listener)
    let voices = mixable(for: listener)
    guard mixes[listener] == nil, voices.count >= 2,
      let rate = soundLimits[voices[0].subscription], rate == .least
    else { return }
    let mix = VoiceMix(listener: listener, voices: voices.map(\.voice))
    var next = room
    guard let effects = try? next.beginMix(mix), !effects.isEmpty else { return }
    let feed = PacketFeed(capacity: Self.feedCapacity)
    let hook: any RunningVoiceMix
    do throws(RenditionRefusal) {
      hook = try mixer.mix(into: feed, payloadType: Self.payload.payloadType, at: rate)
    } catch {
      environment.logger.debug("no mix", metadata: metadata(mix, ["reason": "\(error)"]))
      return
    }
    // Nothing is decoded that a crash would hide: until here there is no tap.
    do throws(SignalingError) { try await write(effects) } catch {
      hook.end()
      return
    }
    room = next
    mixPauses[listener]?.until = environment.clock.now()
    let publication = identifiers.nextPublication()
    let taps = voices.map { _ in PacketTap(capacity: Self.tapCapacity) }
    mixes[listener] = RunningMix(
      hook: hook, publication: publication, voices: voices, taps: taps, rate: rate,
      began: environment.clock.now())
    hook.hear(zip(voices, taps).map { BridgeVoice(tap: $1, bindings: $0.bindings) })
    worker.send(
      zip(voices, taps).map { .addTap(PublicationID($0.voice.track), $1) } + [
        .addFed(publication, feed, [Self.payload])
      ]
        + voices.enumerated().map {
          .bindSubscription($1.subscription, $0 == 0 ? publication : nil)
        })
    environment.logger.info("a mix begins", metadata: metadata(mix, [:]))
    settle(effects)
  }

  /// - Parameter next: what the listener may receive from now on.
  private func end(_ listener: ParticipantID, in next: Room? = nil) {
    guard let running = mixes.removeValue(forKey: listener) else { return }
    running.hook.end()
    let present = sessions[listener]?.socketConnection?.subscriptions ?? []
    worker.send(
      present.filter { one in running.voices.contains { $0.subscription == one.id } }.map { one in
        let mayGoOn = one.publication.map { (next ?? room).mayReceive(listener, TrackID($0)) }
        return .bindSubscription(one.id, mayGoOn == true ? one.publication : nil)
      } + [.removePublication(running.publication)]
        + zip(running.voices, running.taps).map {
          .removeTap(PublicationID($0.voice.track), $1)
        })
    if running.hook.dropped > 0 {
      environment.logger.notice(
        "a mix did not get all packets",
        metadata: ["consultation": "\(id)", "dropped": "\(running.hook.dropped)"])
    }
    Task { [weak self] in
      await self?.exclusively { () async in await self?.noteEnd(of: listener) }
    }
  }

  private func noteEnd(of listener: ParticipantID) async {
    // It may have begun anew meanwhile.
    guard mixes[listener] == nil else { return }
    let effects = room.endMix(for: listener)
    guard case .mixEnded(let mix) = effects.first else { return }
    await recorder.note(effects)
    settle(effects)
    environment.logger.info("a mix ends", metadata: metadata(mix, [:]))
  }

  private func pause(_ listener: ParticipantID, after running: RunningMix) {
    let now = environment.clock.now()
    let former = mixPauses[listener]?.length ?? .zero
    let length =
      now - running.began >= Self.lasting
      ? Self.shortestPause
      : min(max(former * 2, Self.shortestPause), Self.longestPause)
    mixPauses[listener] = MixPause(until: now + length, length: length)
  }

  private func metadata(_ mix: VoiceMix, _ more: Logger.Metadata) -> Logger.Metadata {
    let known: Logger.Metadata = [
      "consultation": "\(id)", "listener": "\(mix.listener)", "voices": "\(mix.voices.count)",
    ]
    return known.merging(more) { $1 }
  }
}
