internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// What publishers' encoders may produce: as much as the best of their viewers can get, told by REMB
/// (draft-alvestrand-rmcat-remb-03). Senders obey it as a bound beside what they find out about
/// their own way to us.
extension Worker {
  /// Between two looks.
  static let capInterval = MediaDuration.milliseconds(200)

  var encoderLimits: EncoderCap.Settings {
    var settings = EncoderCap.Settings()
    settings.ceiling = Int(clamping: configuration.videoBitrateCap)
    return settings
  }

  /// The estimate of a viewer changed: what it views may have to follow.
  func hastenCaps(of viewer: Peer, _ now: MediaInstant) {
    for record in viewer.subscriptions where record.parameters.kind == .video {
      guard let carried = router.publication(carriedBy: record.handle),
        let source = publicationRecords[Int(carried.index)], source.cap != nil,
        let publisher = peer(at: source.peer)
      else { continue }
      publisher.nextCap = now
      timers.hasten(Int(source.peer), now)
    }
  }

  func sendCaps(
    _ peer: Peer, _ now: MediaInstant, _ composer: inout RTCPComposer,
    _ out: inout OutboundBatch
  ) {
    guard let next = peer.nextCap, next <= now else { return }
    peer.nextCap = nil
    var isDue = false
    var total: UInt64 = 0
    for record in peer.publications {
      if record.hasSimulcast {
        peer.nextCap = now.next(Self.capInterval, phase: peer.place)
        reviewEncodings(of: record, now)
      }
      guard record.cap != nil else {
        if record.parameters.kind == .audio { total &+= Self.audioAllowance }
        continue
      }
      peer.nextCap = now.next(Self.capInterval, phase: peer.place)
      let allowance = allowance(of: record)
      if record.cap?.update(estimate: allowance, at: now) != nil { isDue = true }
      total &+= UInt64(record.cap?.cap ?? 0)
    }
    guard isDue else { return }
    let sources = peer.publications.flatMap { record in
      record.encodings.compactMap { record.cap == nil ? nil : router.source(of: $0.handle) }
    }
    guard !sources.isEmpty else { return }
    let written = composer.append(into: &out) {
      ReceiverEstimatedMaximumBitrate.write(
        sender: peer.ssrc, bitrate: total, sources: sources, into: $0)
    }
    if written { counters.rembSent &+= 1 }
  }

  /// Sound counts in what a sender takes a REMB for.
  private static let audioAllowance: UInt64 = 48_000

  /// The best of its viewers; without any, or while nothing is known of one, no bound. Of several
  /// encodings for several viewers none obeys one of them: what each gets is chosen.
  private func allowance(of record: PublicationRecord) -> Int {
    let limits = encoderLimits
    let unbounded = limits.ceiling &* 2
    var best: (allowance: Int, place: Int32)?
    var viewers = 0
    for encoding in record.layers {
      router.forEachSubscriber(of: encoding.handle) { viewer, place in
        guard router.publication(carriedBy: viewer) == encoding.handle else { return }
        viewers += 1
        let downlink = media.pointer(at: place)?.pointee.downlink
        let allowance = downlink?.pointee.allowance(reserve: limits.audioReserve) ?? unbounded
        if best.map({ allowance > $0.allowance }) ?? true { best = (allowance, place) }
      }
    }
    if record.hasSimulcast, viewers > 1 { best = nil }
    record.decisiveViewer = best?.place
    return best?.allowance ?? unbounded
  }
}
