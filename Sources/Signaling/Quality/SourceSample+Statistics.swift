internal import Consultation
internal import Forwarding
internal import MediaEngine
internal import Quality
internal import Wire

extension SourceSample {
  init(
    _ publication: Participant.Publication, _ now: PublicationStatistics,
    since before: PublicationStatistics, limitation: EncoderLimitation?
  ) {
    let source: Source =
      switch publication.source {
      case .microphone: .microphone
      case .camera: .camera
      case .screen: .screen
      }
    let repaired =
      difference(now.recovered, before.recovered)
      + difference(now.foundInLater, before.foundInLater)
    let taken = difference(now.packets, before.packets)
    let lost = Int(truncatingIfNeeded: now.lost &- before.lost)
    self.init(
      source: source, isMuted: publication.muted || now.isMuted,
      packets: max(taken - difference(now.retransmissions, before.retransmissions), 0),
      // Less only of a stream that began anew.
      lost: lost < -taken ? 0 : lost, repaired: repaired,
      octets: difference(now.octets, before.octets), jitter: now.jitter)
    queue = now.queue
    spread = now.spread
    watchPictures(now.observations, since: before.observations)
    levels = LevelSample(now.observations.first, since: before.observations.first)
    self.limitation = limitation
    cap = now.cap
  }
}

extension SourceSample {
  /// All encodings show the same pictures: what runs best now is what there is to see.
  private mutating func watchPictures(
    _ now: [PublicationObservation], since before: [PublicationObservation]
  ) {
    guard now.count == before.count else { return }
    var least: MediaDuration?
    for (new, old) in zip(now, before) {
      let count = difference(new.frames, old.frames)
      let stood = max(new.frozen - old.frozen, .zero)
      if count > frames {
        (frames, least) = (count, stood)
      } else if count == frames {
        least = min(least ?? stood, stood)
      }
    }
    frozen = least ?? .zero
  }
}

extension LevelSample {
  /// Of what came meanwhile; `nil`: of none a level is known.
  init?(_ now: PublicationObservation?, since before: PublicationObservation?) {
    guard let now, let before, now.levels > before.levels else { return nil }
    let count = difference(now.levels, before.levels)
    self.init(
      packets: count,
      mean: -Double(difference(now.levelSum, before.levelSum)) / Double(count),
      silent: difference(now.silent, before.silent),
      saturated: difference(now.saturated, before.saturated))
  }
}
