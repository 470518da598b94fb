internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// What is due towards one peer: feedback on what it sends, reports in both directions.
extension Worker {
  func serve(_ place: Int32, _ now: MediaInstant, _ out: inout OutboundBatch) {
    guard let peer = peer(at: place) else { return }
    peer.transport.handleTimeout(now: now, arena: arena, into: &out)
    followTransport(peer, now, &out)
    guard self.peer(at: place) === peer else { return }
    if peer.transport.isConnected, let path = peer.transport.sendPath {
      var composer = RTCPComposer(transport: peer.transport, path: path, arena: arena)
      if let next = peer.nextReport, next <= now { report(to: peer, now, &composer, &out) }
      sendTransportFeedback(peer, now, &composer, &out)
      sendCaps(peer, now, &composer, &out)
      for record in peer.publications {
        for encoding in record.encodings {
          sendFeedback(on: record, encoding.handle, peer, now, &composer, &out)
        }
      }
      composer.flush(into: &out)
      counters.rtcpSent &+= composer.sent
      for _ in 0..<composer.failed { counters.count(.arenaExhausted) }
      serveDownlink(peer, now, &out)
    }
    schedule(peer, now)
  }

  /// Sets the peer's timer to the earliest of what it waits for.
  func schedule(_ peer: Peer, _ now: MediaInstant) {
    var deadline = peer.transport.nextDeadline
    func consider(_ other: MediaInstant?) {
      if let other, deadline.map({ other < $0 }) ?? true { deadline = other }
    }
    if peer.transport.isConnected, peer.transport.sendPath != nil {
      consider(peer.nextReport)
      consider(peer.nextCap)
      consider(peer.media.pointee.downlink?.pointee.nextDeadline)
      consider(peer.media.pointee.transportWideCC?.nextDeadline)
      for record in peer.publications {
        for encoding in record.encodings { consider(router.nextDeadline(of: encoding.handle)) }
      }
    }
    // What could not be done now is not tried again in the same millisecond.
    timers.set(Int(peer.place), deadline.map { max($0, now + .milliseconds(1)) })
  }

  // MARK: Feedback

  private func sendTransportFeedback(
    _ peer: Peer, _ now: MediaInstant, _ composer: inout RTCPComposer,
    _ out: inout OutboundBatch
  ) {
    guard let deadline = peer.media.pointee.transportWideCC?.nextDeadline, deadline <= now else {
      return
    }
    // One packet a datagram, a handful at most: a burst longer than that waits a millisecond.
    for _ in 0..<4 {
      composer.flush(into: &out)
      let written = composer.append(into: &out) { buffer in
        peer.media.pointee.transportWideCC?.writeFeedback(now: now, into: buffer)
      }
      guard written else { break }
      counters.transportFeedbackSent &+= 1
    }
  }

  private func sendFeedback(
    on record: PublicationRecord, _ handle: PublicationHandle, _ peer: Peer, _ now: MediaInstant,
    _ composer: inout RTCPComposer, _ out: inout OutboundBatch
  ) {
    guard let deadline = router.nextDeadline(of: handle), deadline <= now else { return }
    if let end = overrunEnd {
      if now < end {
        router.forgetMissing(of: handle, keyframeAt: end)
      } else {
        overrunEnd = nil
      }
    }
    requested.removeAll()
    let keyframe = router.collectFeedback(
      of: handle, now: now, roundTrip: peer.roundTrip.smoothed, into: &requested)
    if !requested.isEmpty, let media = router.source(of: handle) {
      let numbers = requested.values
      var written = 0
      while written < numbers.count {
        var count = 0
        let rest = UnsafeBufferPointer(rebasing: numbers[written...])
        let sent = composer.append(into: &out) { buffer in
          guard
            let nack = GenericNACK.write(
              sender: peer.ssrc, media: media, sequenceNumbers: rest, into: buffer)
          else { return nil }
          count = nack.count
          return nack.length
        }
        guard sent, count > 0 else { break }
        written &+= count
      }
      counters.nacksSent &+= UInt64(written)
    }
    guard let keyframe else { return }
    let written = composer.append(into: &out) { buffer in
      if record.feedback.contains(.pli) {
        return PictureLossIndication(sender: peer.ssrc, media: keyframe.ssrc).write(into: buffer)
      }
      return FullIntraRequest.write(
        sender: peer.ssrc,
        entry: FullIntraRequest.Entry(
          ssrc: keyframe.ssrc, sequenceNumber: keyframe.commandSequence), into: buffer)
    }
    if written { counters.keyframeRequestsSent &+= 1 }
  }

  // MARK: Reports

  private func report(
    to peer: Peer, _ now: MediaInstant, _ composer: inout RTCPComposer,
    _ out: inout OutboundBatch
  ) {
    withUnsafeTemporaryAllocation(of: ReportBlock.self, capacity: 31) { blocks in
      report(to: peer, now, &composer, blocks, &out)
    }
  }

  private func report(
    to peer: Peer, _ now: MediaInstant, _ composer: inout RTCPComposer,
    _ room: UnsafeMutableBufferPointer<ReportBlock>, _ out: inout OutboundBatch
  ) {
    var count = 0
    var losesVideo = false
    for record in peer.publications {
      for encoding in record.encodings {
        router.expireHistory(of: encoding.handle, now: now)
        guard let block = router.makeReportBlock(for: encoding.handle, now: now) else { continue }
        if record.parameters.kind == .video, block.fractionLost > 0 { losesVideo = true }
        guard count < room.count else { break }
        room.initializeElement(at: count, to: block)
        count += 1
      }
    }
    let blocks = UnsafeBufferPointer(rebasing: room[..<count])
    let ntp = wallClock(now)
    var hasReported = false
    for record in peer.subscriptions {
      guard let report = senderReport(for: record, ntp) else { continue }
      let attached = hasReported ? UnsafeBufferPointer(rebasing: blocks[..<0]) : blocks
      let cname = record.parameters.cname
      composer.append(into: &out) { report.write(blocks: attached, into: $0) }
      composer.append(into: &out) {
        SourceDescription.write(ssrc: report.sender, cname: cname, into: $0)
      }
      hasReported = true
    }
    if !hasReported, !peer.publications.isEmpty {
      composer.append(into: &out) {
        ReceiverReport.write(sender: peer.ssrc, blocks: blocks, into: $0)
      }
      composer.append(into: &out) {
        SourceDescription.write(ssrc: peer.ssrc, cname: peer.cname, into: $0)
      }
      // It has no sender report of ours to answer: the way there and back is learned from our clock
      // as a receiver (RFC 3611 section 4.4). Who does not know it skips it (RFC 3550 section 6.1).
      composer.append(into: &out) {
        ExtendedReport.write(sender: peer.ssrc, block: .receiverReferenceTime(ntp), into: $0)
      }
    }
    peer.referenceTimes.answer(now: now) { block in
      composer.append(into: &out) {
        ExtendedReport.write(sender: peer.ssrc, block: block, into: $0)
      }
    }
    let interval =
      losesVideo ? configuration.fastReportInterval : configuration.reportInterval
    // Half to one and a half of it, so that reports of many peers do not fall together
    // (RFC 3550 section 6.3.1).
    let half = interval.nanoseconds / 2
    peer.nextReport =
      now
      + MediaDuration(
        nanoseconds: half &+ Int64.random(in: 0...max(interval.nanoseconds, 1), using: &random))
  }

  func senderReport(for record: SubscriptionRecord, _ ntp: NTPTimestamp) -> SenderReport? {
    guard let carried = router.publication(carriedBy: record.handle),
      let source = publicationRecords[Int(carried.index)], let publisher = peer(at: source.peer)
    else { return nil }
    return router.makeSenderReport(for: record.handle, ntp: ntp, clock: publisher.clock)
  }
}
