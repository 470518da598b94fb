internal import CDatagram
internal import Transport
internal import Wire

/// What arrives.
extension Generator {
  /// Reads a socket until it is empty.
  func receive(slot: Int) {
    guard let endpoint = slots[slot] else { return }
    let items = flow_inbox_items(inbox)
    var errors = 0
    while endpoint.state != .over, errors < 8 {
      let count = Int(flow_receive(endpoint.descriptor, inbox))
      guard count >= 0, let items else {
        // An error that ICMP left: the server's port is closed, which the checks will show.
        errors += 1
        continue
      }
      for i in 0..<count {
        let datagram = items[i]
        let arrival =
          datagram.arrival == 0
          ? MonotonicClock.now() : MediaInstant(nanoseconds: datagram.arrival &+ wallOffset)
        let bytes = UnsafeMutableRawBufferPointer(
          start: datagram.bytes, count: Int(datagram.length))
        if impairs, impairIncoming(endpoint, slot, UnsafeRawBufferPointer(bytes)) { continue }
        take(endpoint, slot, bytes, arrival: arrival)
        // It may have ended with this datagram.
        if endpoint.state == .over { return }
      }
      if count < 64 { return }
    }
  }

  /// Takes one datagram; it is changed in place.
  func take(
    _ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeMutableRawBufferPointer,
    arrival: MediaInstant
  ) {
    switch DatagramKind(UnsafeRawBufferPointer(bytes)) {
    case .rtp: takeRTP(endpoint, slot, bytes, arrival: arrival)
    case .rtcp: takeRTCP(endpoint, slot, bytes, arrival: arrival)
    case .stun: receiveSTUN(endpoint, slot, UnsafeRawBufferPointer(bytes), now: arrival)
    case .dtls: receiveDTLS(endpoint, slot, UnsafeRawBufferPointer(bytes), now: arrival)
    case nil: traffic.unexpected += 1
    }
  }

  private func takeRTP(
    _ endpoint: Endpoint, _ slot: Int, _ buffer: UnsafeMutableRawBufferPointer,
    arrival: MediaInstant
  ) {
    let length: Int
    switch endpoint.cipher?._withUnsafeGuaranteedRef({
      $0.unprotectRTP(buffer, length: buffer.count)
    }) {
    case .packet(let octets): length = octets
    case .refused(.srtpReplayed):
      traffic.replayed += 1
      return
    case .refused, nil:
      traffic.unauthenticated += 1
      return
    }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
    guard let packet = RTPPacket(bytes) else {
      traffic.unexpected += 1
      return
    }
    if let id = endpoint.transportExtension,
      let number = packet.transportSequence(id: id, in: bytes)
    {
      if let reporter = endpoint.arrivals {
        reporter.note(number, media: packet.ssrc, length: buffer.count, at: arrival)
      } else {
        endpoint.feedback.note(number, arrival: arrival)
      }
    }
    guard let (stream, isRetransmission) = endpoint.stream(of: packet, in: bytes) else {
      traffic.unexpected += 1
      return
    }
    var start = packet.headerLength
    if isRetransmission {
      traffic.retransmissionsReceived += 1
      // Padding-only probes carry nothing.
      guard
        let original = RetransmissionPayload.originalSequenceNumber(of: packet, in: bytes)
      else { return }
      stream.pointee.noteRetransmission(of: original)
      start += 2
    } else {
      traffic.rtpReceived += 1
      traffic.rtpOctetsReceived += UInt64(buffer.count)
      if packet.payloadLength == 0 { return }
      if stream.pointee.note(packet, arrival: arrival) { planNACK(endpoint, slot, now: arrival) }
    }
    stream.pointee.recording?.note(octets: buffer.count)
    let end = packet.payloadRange.upperBound
    let payload = UnsafeRawBufferPointer(rebasing: bytes[min(start, end)..<end])
    audit(endpoint, stream, packet, payload, isRetransmission: isRetransmission, arrival: arrival)
  }

  /// What the payload says: whose it is, which one, how old.
  private func audit(
    _ endpoint: Endpoint, _ stream: UnsafeMutablePointer<InboundStream>, _ packet: RTPPacket,
    _ payload: UnsafeRawBufferPointer,
    isRetransmission: Bool, arrival: MediaInstant
  ) {
    var offset = 1
    var startsKeyframe = false
    var startsFrame = false
    if stream.pointee.plan.isVideo {
      guard let descriptor = VP8Descriptor(payload) else {
        traffic.corrupted += 1
        return
      }
      offset = Self.stampOffset(descriptor)
      startsKeyframe = descriptor.isKeyframeStart
      startsFrame = descriptor.startsFrame
    } else if packet.payloadType == OfferedSections.red, stream.pointee.recording != nil {
      guard let red = REDPayload(payload) else {
        traffic.corrupted += 1
        return
      }
      note(red, of: stream, payload, at: arrival)
      offset = red.primary.lowerBound + 1
    }
    guard let stamp = PayloadStamp(payload, at: offset) else {
      traffic.corrupted += 1
      return
    }
    if let tag = stream.pointee.sourceTag {
      if tag != stamp.source {
        traffic.foreign += 1
        return
      }
    } else {
      stream.pointee.sourceTag = stamp.source
    }
    stream.pointee.audit.note(stamp.index, isRetransmission: isRetransmission)
    if let recording = stream.pointee.recording {
      recording.sourceTag = stamp.source
      if stream.pointee.plan.isVideo {
        recording.note(
          picture: FrameJudge.Packet(
            index: Int64(stamp.index), startsFrame: startsFrame, endsFrame: packet.marker,
            isKeyframe: startsKeyframe, sent: stamp.sent), at: arrival)
      } else {
        recording.note(sound: stamp, at: arrival)
      }
    }
    // What was sent before the first packet came is what the server kept to begin with.
    if !isRetransmission, let first = stream.pointee.firstPacket, stamp.sent >= first {
      let delay = (arrival - stamp.sent).nanoseconds
      if stream.pointee.plan.isVideo {
        recent.video[endpoint.cohort].record(delay)
      } else {
        recent.audio[endpoint.cohort].record(delay)
      }
    }
    if stream.pointee.firstPacket == nil {
      stream.pointee.firstPacket = arrival
      if !endpoint.hasPacket {
        endpoint.hasPacket = true
        emit.yield(.reached(endpoint.plan.id, .firstPacket, at: arrival))
      }
    }
    if startsKeyframe, stream.pointee.firstKeyframe == nil {
      stream.pointee.firstKeyframe = arrival
      if !endpoint.hasKeyframe {
        endpoint.hasKeyframe = true
        emit.yield(.reached(endpoint.plan.id, .firstKeyframe, at: arrival))
      }
    }
  }

  private func takeRTCP(
    _ endpoint: Endpoint, _ slot: Int, _ buffer: UnsafeMutableRawBufferPointer,
    arrival: MediaInstant
  ) {
    guard case .packet(let length) = endpoint.srtp?.unprotectRTCP(buffer, length: buffer.count)
    else {
      traffic.unauthenticated += 1
      return
    }
    guard var compound = RTCPCompound(UnsafeRawBufferPointer(rebasing: buffer[..<length])) else {
      traffic.unexpected += 1
      return
    }
    traffic.rtcpReceived += 1
    while let packet = compound.next() {
      switch packet {
      case .senderReport(let report, let blocks):
        if let stream = endpoint.stream(report.sender) {
          stream.pointee.lastReport = (report.ntp.middle32, arrival)
        }
        noteRoundTrip(endpoint, blocks, arrival)
      case .receiverReport(_, let blocks): noteRoundTrip(endpoint, blocks, arrival)
      case .nack(let nack):
        traffic.nacksReceived += 1
        guard let source = endpoint.source(nack.media) else { break }
        note(endpoint) { $0.nacksReceived += 1 }
        for number in nack where !batch.isFull {
          retransmit(endpoint, &endpoint.sources[source], number)
        }
        sendBatch(endpoint, slot)
      case .pictureLossIndication(let request): requestKeyframe(endpoint, request.media)
      case .fullIntraRequest(let request):
        for entry in request { requestKeyframe(endpoint, entry.ssrc) }
      case .transportFeedback(let feedback):
        traffic.feedbackReceived += 1
        endpoint.rate?.receive(feedback, at: arrival)
      case .remb(let message):
        traffic.rembReceived += 1
        endpoint.rate?.receive(remb: message.bitrate, at: arrival)
      case .sourceDescription, .goodbye, .extendedReport, .unknown: break
      case .malformed: traffic.unexpected += 1
      }
    }
  }

  private func requestKeyframe(_ endpoint: Endpoint, _ ssrc: SSRC) {
    traffic.keyframeRequestsReceived += 1
    note(endpoint) { $0.keyframeRequestsReceived += 1 }
    if let source = endpoint.source(ssrc) { endpoint.sources[source].sizer.requestKeyframe() }
  }

  private func noteRoundTrip(
    _ endpoint: Endpoint, _ blocks: ReportBlocks, _ arrival: MediaInstant
  ) {
    if let rate = endpoint.rate {
      for block in blocks {
        rate.receive(fractionLost: block.fractionLost, sending: Double(rate.video), at: arrival)
      }
    }
    for block in blocks where block.lastSR != 0 {
      let now = NTPTimestamp(arrival, wallOffset: MediaDuration(nanoseconds: -wallOffset)).middle32
      let units = now &- block.lastSR &- block.delaySinceLastSR
      // Below 16 s; what is negative is a clock that is not ours.
      if units < 16 << 16 { endpoint.roundTrip = MediaDuration(compactNTP: units) }
      endpoint.rate?.receive(roundTrip: endpoint.roundTrip)
    }
  }
}
