internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// The worker's numbers, put together when asked for.
extension Worker {
  func statistics(_ now: MediaInstant) -> WorkerStatistics {
    WorkerStatistics(
      counters: counters, arenaSlots: arena.slotCount, arenaFree: arena.freeCount,
      arenaRefused: arena.refused,
      peers: peers.compactMap { peer in
        peer.map { statistics(of: $0) }
      },
      publications: publicationRecords.compactMap { $0.flatMap { statistics(of: $0, now) } },
      subscriptions: subscriptionRecords.compactMap { $0.flatMap { statistics(of: $0, now) } })
  }

  private func statistics(of peer: Peer) -> PeerStatistics {
    var numbers = PeerStatistics(
      id: peer.id, isConnected: peer.transport.isConnected, roundTrip: peer.roundTrip.smoothed)
    numbers.sends = !peer.publications.isEmpty
    numbers.receives = !peer.subscriptions.isEmpty
    guard let downlink = peer.media.pointee.downlink else { return numbers }
    let log = downlink.pointee.estimator.logCounters
    numbers.reported = log.received &+ log.lost &- log.late
    numbers.reportedLost = log.lost &- log.late
    numbers.reportedSound = log.soundReceived &+ log.soundLost &- log.soundLate
    numbers.reportedSoundLost = log.soundLost &- log.soundLate
    numbers.repeatsSound = peer.subscriptions.contains { $0.repeats != nil }
    numbers.spread = downlink.pointee.estimator.soundSpread
    guard downlink.pointee.isSteering else { return numbers }
    numbers.queue = downlink.pointee.estimator.queueDelay
    numbers.estimate = downlink.pointee.estimator.estimate
    numbers.isAudioOnly = !downlink.pointee.ladder.step.hasVideo
    numbers.isReduced = downlink.pointee.ladder.step > .full
    return numbers
  }

  private func statistics(
    of record: PublicationRecord, _ now: MediaInstant
  ) -> PublicationStatistics? {
    var sum: PublicationNumbers?
    var observations: [PublicationObservation] = []
    for encoding in record.encodings {
      guard let numbers = router.numbers(of: encoding.handle) else { continue }
      observations.append(numbers.observation.counted(until: now))
      if sum?.add(numbers) == nil { sum = numbers }
    }
    guard let numbers = sum else { return nil }
    let counters = numbers.counters
    return PublicationStatistics(
      id: record.id, peer: record.parameters.peer, kind: record.parameters.kind,
      codec: record.parameters.payloads.first { $0.codec != .red }?.codec, isMuted: numbers.isMuted,
      packets: counters.packets, octets: counters.octets,
      lost: numbers.lost, jitter: numbers.jitter, retransmissions: counters.retransmissions,
      nacked: counters.nacked, recovered: numbers.recovered, abandoned: numbers.abandoned,
      keyframes: counters.keyframes, keyframeRequests: counters.keyframeRequests,
      mutedPackets: counters.muted, subscribers: numbers.subscribers,
      foundInLater: counters.foundInLater, losses: numbers.losses, queue: numbers.queue,
      spread: numbers.spread,
      observations: observations, cap: record.cap?.cap, lag: lag(of: record, now))
  }

  /// All encodings are of the same pictures: that which lags least has most to tell.
  private func lag(of record: PublicationRecord, _ now: MediaInstant) -> MediaDuration? {
    guard let publisher = peer(at: record.peer) else { return nil }
    var least: MediaDuration?
    for encoding in record.encodings {
      let lag = router.lag(
        of: encoding.handle, ntp: wallClock(now), clock: publisher.clock, now: now)
      if let lag { least = min(least ?? lag, lag) }
    }
    return least
  }

  private func statistics(
    of record: SubscriptionRecord, _ now: MediaInstant
  ) -> SubscriptionStatistics? {
    guard let numbers = router.numbers(of: record.handle) else { return nil }
    let counters = numbers.counters
    return SubscriptionStatistics(
      id: record.id, peer: record.parameters.peer, publication: record.wanted,
      kind: record.parameters.kind, packets: counters.packets, octets: counters.octets,
      retransmissions: counters.retransmissions, nacked: counters.nacked,
      unanswered: counters.unanswered &+ counters.throttled,
      keyframeRequests: counters.keyframeRequests, lost: numbers.report?.cumulativeLost,
      fractionLost: numbers.report.map { Double($0.fractionLost) / 256 }, jitter: numbers.jitter,
      rtpTime: senderReport(for: record, wallClock(now))?.rtpTimestamp)
  }
}
