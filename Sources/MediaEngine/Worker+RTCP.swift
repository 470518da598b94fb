internal import Forwarding
internal import Transport
internal import Wire

/// RTCP from a peer: about what it sends, and about what it gets.
extension Worker {
  /// Sequence numbers of one NACK that are looked at: more than any history holds.
  static let maximumRequests = 1024

  func receiveRTCP(
    _ bytes: UnsafeRawBufferPointer, _ peer: Peer, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    peer.transport.noteMedia()
    peer.lastHeard = now
    guard var compound = RTCPCompound(bytes) else {
      counters.count(.rtcpMalformed)
      return
    }
    while let packet = compound.next() {
      switch packet {
      case .senderReport(let report, let blocks):
        noteSenderReport(report, peer, now)
        noteReportBlocks(blocks, peer, now)
      case .receiverReport(_, let blocks): noteReportBlocks(blocks, peer, now)
      case .nack(let nack): answer(nack, peer, now, &out)
      case .pictureLossIndication(let indication):
        noteKeyframeRequest(indication.media, peer, now)
      case .fullIntraRequest(let request):
        for entry in request { noteKeyframeRequest(entry.ssrc, peer, now) }
      case .transportFeedback(let feedback):
        counters.transportFeedbackReceived &+= 1
        noteTransportFeedback(feedback, peer, now, &out)
      case .remb(let remb):
        counters.rembReceived &+= 1
        noteREMB(remb.bitrate, peer, now, &out)
      case .extendedReport(let report): noteExtendedReport(report, peer, now)
      case .sourceDescription, .goodbye, .unknown: break
      case .malformed: counters.count(.rtcpMalformed)
      }
    }
  }

  private func noteSenderReport(_ report: SenderReport, _ peer: Peer, _ now: MediaInstant) {
    guard let source = peer.media.pointee.sources.find(report.sender, now: now) else {
      counters.count(.rtcpUnknownStream)
      return
    }
    // Retransmission streams are reported on too; they have no clock of their own.
    guard source.role == .media, router.source(of: source.publication) == report.sender else {
      return
    }
    peer.clock.note(report.ntp, local: wallClock(now))
    let isFirst = router.noteSenderReport(report, of: source.publication, now: now)
    handReport(of: source.publication, now)
    guard isFirst else { return }
    router.forEachSubscriber(of: source.publication) { _, destination in
      if let viewer = self.peer(at: destination) { hastenReport(to: viewer, now) }
    }
  }

  private func noteReportBlocks(_ blocks: ReportBlocks, _ peer: Peer, _ now: MediaInstant) {
    for block in blocks {
      // Blocks about retransmission streams tell nothing that we use.
      guard let record = peer.subscription(of: block.ssrc) else { continue }
      router.noteReport(block, on: record.handle)
      peer.roundTrip.note(block, ntp: wallClock(now))
      if let roundTrip = peer.roundTrip.longest { noteRoundTrip(roundTrip, block, record) }
      noteReportBlock(block, record, peer, now)
    }
  }

  private func noteExtendedReport(_ report: ExtendedReport, _ peer: Peer, _ now: MediaInstant) {
    for block in report {
      switch block {
      case .receiverReferenceTime(let ntp):
        peer.referenceTimes.note(ntp, from: report.sender, arrival: now)
      case .delaySinceLastReceiverReport(let ssrc, let last, let delay):
        guard ssrc == peer.ssrc else { continue }
        peer.roundTrip.note(last: last, delay: delay, ntp: wallClock(now))
      }
    }
  }

  /// How long what goes to the viewer is kept depends on it.
  private func noteRoundTrip(
    _ roundTrip: MediaDuration, _ block: ReportBlock, _ record: SubscriptionRecord
  ) {
    router.noteRoundTrip(roundTrip, fractionLost: block.fractionLost, of: record.handle)
    if let span = router.retransmissionSpan(of: record.handle) { record.repeats?.maximumAge = span }
  }

  private func noteKeyframeRequest(_ ssrc: SSRC, _ peer: Peer, _ now: MediaInstant) {
    guard let record = peer.subscription(of: ssrc) else {
      counters.count(.rtcpUnknownStream)
      return
    }
    counters.keyframeRequestsReceived &+= 1
    router.requestKeyframe(for: record.handle, now: now)
    hastenPublisher(of: record)
  }

  private func answer(
    _ nack: GenericNACK, _ peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch
  ) {
    guard let record = peer.subscription(of: nack.media) else {
      counters.count(.rtcpUnknownStream)
      return
    }
    counters.nacksReceived &+= 1
    if record.repeats != nil {
      repeatPackets(nack, record, peer, now, &out)
      return
    }
    let isPathFree = peer.media.pointee.downlink?.pointee.hasNoQueue ?? true
    for sequenceNumber in nack.prefix(Self.maximumRequests) {
      _ = router.resend(
        sequenceNumber, on: record.handle, now: now, roundTrip: peer.roundTrip.smoothed,
        isPathFree: isPathFree, into: &forwarded)
    }
    sendForwarded(now, &out)
  }

  private func repeatPackets(
    _ nack: GenericNACK, _ record: SubscriptionRecord, _ peer: Peer, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    guard let path = peer.transport.sendPath else { return }
    let interval = max(peer.roundTrip.smoothed ?? .zero, .milliseconds(10))
    for sequenceNumber in nack.prefix(Self.maximumRequests) {
      guard
        let copy = record.repeats?.copy(of: sequenceNumber, interval: interval, now: now)
      else { continue }
      counters.rtpSent &+= 1
      counters.rtpOctetsSent &+= UInt64(copy.length)
      counters.retransmissionsSent &+= 1
      out.append(copy.slot, length: copy.length, path: path)
    }
  }

  /// Its publisher may have to be asked for something now.
  func hastenPublisher(of record: SubscriptionRecord) {
    guard let publication = router.publication(carriedBy: record.handle),
      let source = publicationRecords[Int(publication.index)]
    else { return }
    guard source.peer >= 0 else { return }
    timers.hasten(Int(source.peer), router.nextDeadline(of: publication))
  }
}
