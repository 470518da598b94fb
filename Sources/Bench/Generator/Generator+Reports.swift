internal import CDatagram
internal import Transport
internal import Wire

/// RTCP of the receivers and senders, as a browser sends it.
extension Generator {
  /// Sender reports, receiver reports and SDES: about once a second, which is what libwebrtc does
  /// for video.
  func sendReports(_ endpoint: Endpoint, _ slot: Int) {
    let now = MonotonicClock.now()
    queue.add(
      .reports(slot: slot, generation: generations[slot]),
      at: now.nanoseconds + 900_000_000 + Int64(random.next() % 200_000_000))
    let wallOffset = MediaDuration(nanoseconds: -wallOffset)
    var blocks = endpoint.streams.compactMap { $0.pointee.report(now: now) }.prefix(31)
    let buffer = batch.next
    // Room for the tag and the index.
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<1300])
    var length = 0
    func append(_ write: (UnsafeMutableRawBufferPointer) -> Int?) {
      if let octets = write(UnsafeMutableRawBufferPointer(rebasing: room[length...])) {
        length += octets
      }
    }
    for i in endpoint.sources.indices where endpoint.sources[i].packets > 0 {
      let report = SenderReport(
        sender: endpoint.sources[i].plan.ssrc, ntp: NTPTimestamp(now, wallOffset: wallOffset),
        rtpTimestamp: endpoint.sources[i].timestamp(at: now),
        packetCount: endpoint.sources[i].packets, octetCount: endpoint.sources[i].octets)
      append { report.write(blocks: Array(blocks), into: $0) }
      blocks = []
    }
    if length == 0 {
      append {
        ReceiverReport(sender: endpoint.controlSSRC, blocks: Array(blocks)).write(into: $0)
      }
    }
    append {
      SourceDescription.write(ssrc: endpoint.controlSSRC, cname: endpoint.cname, into: $0)
    }
    sendControl(endpoint, slot, length)
    requestMissingKeyframes(endpoint, slot, now: now)
  }

  /// Transport-wide feedback every 100 ms.
  func sendFeedback(_ endpoint: Endpoint, _ slot: Int) {
    let now = MonotonicClock.now()
    queue.add(
      .feedback(slot: slot, generation: generations[slot]), at: now.nanoseconds + 100_000_000)
    while !endpoint.feedback.isEmpty {
      let room = UnsafeMutableRawBufferPointer(rebasing: batch.next[..<1200])
      let media = endpoint.streams.last?.pointee.ssrc ?? SSRC(0)
      guard
        let length = endpoint.feedback.write(
          sender: endpoint.controlSSRC, media: media, into: room)
      else { continue }
      traffic.feedbackSent += 1
      sendControl(endpoint, slot, length)
    }
  }

  func planNACK(_ endpoint: Endpoint, _ slot: Int, now: MediaInstant) {
    guard !endpoint.reportsNACK else { return }
    endpoint.reportsNACK = true
    queue.add(.nack(slot: slot, generation: generations[slot]), at: now.nanoseconds)
  }

  /// Asks for what is missing, now and again after a round trip.
  func sendNACKs(_ endpoint: Endpoint, _ slot: Int) {
    endpoint.reportsNACK = false
    let now = MonotonicClock.now()
    let retry = max(endpoint.roundTrip + .milliseconds(5), .milliseconds(20))
    var again = false
    for stream in endpoint.streams where !stream.pointee.missing.isEmpty {
      let ask = stream.pointee.sequencesToAsk(now: now, retry: retry)
      if !ask.isEmpty, let ssrc = stream.pointee.ssrc {
        let room = UnsafeMutableRawBufferPointer(rebasing: batch.next[..<1200])
        if let (length, _) = GenericNACK.write(
          sender: endpoint.controlSSRC, media: ssrc, sequenceNumbers: ask, into: room)
        {
          traffic.nacksSent += 1
          note(endpoint) { $0.nacksSent += 1 }
          sendControl(endpoint, slot, length)
        }
      }
      again = again || !stream.pointee.missing.isEmpty
    }
    requestMissingKeyframes(endpoint, slot, now: now)
    if again {
      endpoint.reportsNACK = true
      queue.add(
        .nack(slot: slot, generation: generations[slot]), at: now.nanoseconds + 20_000_000)
    }
  }

  /// A PLI where a decoder would be stuck: packets without a keyframe for a second, or a loss that
  /// was given up.
  private func requestMissingKeyframes(_ endpoint: Endpoint, _ slot: Int, now: MediaInstant) {
    for stream in endpoint.streams where stream.pointee.plan.isVideo {
      guard let ssrc = stream.pointee.ssrc else { continue }
      let waits = stream.pointee.firstKeyframe == nil && now - stream.pointee.created >= .seconds(1)
      let isStuck = stream.pointee.recording?.isStuck(at: now) ?? false
      guard stream.pointee.wantsKeyframe || waits || isStuck,
        stream.pointee.lastKeyframeRequest.map({ now - $0 >= .milliseconds(500) }) ?? true
      else { continue }
      stream.pointee.wantsKeyframe = false
      stream.pointee.lastKeyframeRequest = now
      let request = PictureLossIndication(sender: endpoint.controlSSRC, media: ssrc)
      guard let length = request.write(into: batch.next) else { continue }
      traffic.keyframeRequestsSent += 1
      note(endpoint) { $0.keyframeRequestsSent += 1 }
      sendControl(endpoint, slot, length)
    }
  }

  /// Seals and sends the RTCP that was written into the next place of the batch.
  func sendControl(_ endpoint: Endpoint, _ slot: Int, _ length: Int) {
    guard length > 0, let sealed = endpoint.srtp?.protectRTCP(batch.next, length: length) else {
      return
    }
    batch.commit(length: sealed)
    traffic.rtcpSent += 1
    sendBatch(endpoint, slot)
  }
}
