internal import CDatagram
internal import Congestion
internal import Transport
internal import Wire

/// Audio and video leave.
extension Generator {
  /// A source is due: an Opus packet, or a frame into the pacer.
  func frame(
    _ endpoint: Endpoint, _ slot: Int, _ number: Int, due: MediaInstant, now: MediaInstant
  ) {
    guard isSending else { return }
    recent.lateness.record((now - due).nanoseconds)
    switch endpoint.sources[number].plan.content {
    case .opus(let octets):
      writeAudio(endpoint, &endpoint.sources[number], octets: octets, due: due, now: now)
      sendBatch(endpoint, slot)
    case .vp8:
      if let rate = endpoint.rate {
        endpoint.sources[number].sizer.setRate(kilobitsPerSecond: Double(rate.video) / 1000)
        endpoint.sources[number].budget.setPace(kilobitsPerSecond: Double(rate.pacing) / 1000)
      }
      if endpoint.rate == nil
        || endpoint.sources[number].frames.count < SendRate.waitingFrames
      {
        endpoint.sources[number].encode(at: due)
      }
      drain(endpoint, slot, number, now: now)
    }
    endpoint.sources[number].cadence += endpoint.sources[number].interval
    // A capture is never on the dot: up to a millisecond either way.
    let jitter =
      endpoint.sources[number].plan.isVideo ? Int64(random.next() % 2_000_000) - 1_000_000 : 0
    queue.add(
      .frame(slot: slot, generation: generations[slot], source: number),
      at: endpoint.sources[number].cadence.nanoseconds + jitter)
  }

  /// The pacer lets more of a frame go.
  func pace(_ endpoint: Endpoint, _ slot: Int, _ number: Int, due: Int64, now: MediaInstant) {
    recent.lateness.record(now.nanoseconds - due)
    endpoint.sources[number].isPacing = false
    drain(endpoint, slot, number, now: now)
  }

  /// Sends of the waiting frames what the pacer lets go, and plans the rest.
  private func drain(_ endpoint: Endpoint, _ slot: Int, _ number: Int, now: MediaInstant) {
    guard !endpoint.sources[number].isPacing else { return }
    while !endpoint.sources[number].frames.isEmpty {
      let opening = endpoint.sources[number].budget.opening(at: now)
      if opening > now {
        endpoint.sources[number].isPacing = true
        queue.add(
          .pacer(slot: slot, generation: generations[slot], source: number),
          at: opening.nanoseconds)
        break
      }
      guard let packet = endpoint.sources[number].nextPacket() else { continue }
      if packet.startsFrame, packet.isKeyframe { traffic.keyframesSent += 1 }
      writeVideo(endpoint, &endpoint.sources[number], packet, now: now)
      endpoint.sources[number].budget.spend(Int(packet.octets) + 60, at: now)
      if batch.isFull { sendBatch(endpoint, slot) }
    }
    sendBatch(endpoint, slot)
  }

  func header(
    _ endpoint: Endpoint, mid: MediaIdentificationTag?, payloadType: UInt8, marker: Bool,
    sequenceNumber: UInt16, timestamp: UInt32, ssrc: SSRC
  ) -> RTPHeaderWriter? {
    var writer = RTPHeaderWriter(
      into: batch.next, payloadType: payloadType, marker: marker, sequenceNumber: sequenceNumber,
      timestamp: timestamp, ssrc: ssrc)
    if let id = endpoint.transportExtension {
      writer?.append(id: id, transportSequence: endpoint.transportSequence)
      endpoint.transportSequence &+= 1
    }
    if let id = endpoint.midExtension, let mid { writer?.append(id: id, mid: mid) }
    return writer
  }

  private func writeVideo(
    _ endpoint: Endpoint, _ source: inout OutboundSource, _ planned: OutboundSource.SentPacket,
    now: MediaInstant
  ) {
    guard
      var writer = header(
        endpoint, mid: source.mid, payloadType: source.plan.payloadType, marker: planned.marker,
        sequenceNumber: source.sequenceNumber, timestamp: planned.timestamp,
        ssrc: source.plan.ssrc)
    else { return }
    if let id = endpoint.timeExtension {
      writer.append(id: id, absoluteSendTime: now.absoluteSendTime)
    }
    guard let start = writer.finish() else { return }
    var packet = planned
    packet.sequenceNumber = source.sequenceNumber
    packet.stamp = PayloadStamp(source: source.plan.tag, index: source.nextIndex, sent: now)
    let end = Self.writePayload(packet, into: batch.next, at: start)
    protect(endpoint, &source, length: end, at: now)
    source.remember(packet)
    source.sequenceNumber &+= 1
    source.packets &+= 1
    source.octets &+= UInt32(packet.octets) &+ UInt32(OutboundSource.descriptorLength)
  }

  /// A VP8 payload (RFC 7741): descriptor, the header of the frame where one starts, the stamp.
  /// Returns where it ends.
  static func writePayload(
    _ packet: OutboundSource.SentPacket, into buffer: UnsafeMutableRawBufferPointer, at start: Int
  ) -> Int {
    buffer[start] = 0x80 | (packet.startsFrame ? 0x10 : 0)
    // Picture id, TL0PICIDX, temporal layer 0.
    buffer[start + 1] = 0xE0
    buffer.setNetworkUInt16(packet.pictureID | 0x8000, at: start + 2)
    buffer[start + 4] = packet.tl0
    buffer[start + 5] = 0
    var cursor = start + OutboundSource.descriptorLength
    if packet.startsFrame {
      // Frame tag: shown, and the P bit that is 0 in a keyframe (RFC 6386 section 9.1).
      buffer[cursor] = packet.isKeyframe ? 0x10 : 0x11
      buffer[cursor + 1] = 0
      buffer[cursor + 2] = 0
      cursor += 3
      if packet.isKeyframe {
        // Start code, then 1280 x 720.
        buffer.setNetworkUInt32(0x9D01_2A00, at: cursor)
        buffer.setNetworkUInt32(0x0005_D002, at: cursor + 3)
        cursor += 7
      }
    }
    packet.stamp.write(into: buffer, at: cursor)
    return start + OutboundSource.descriptorLength + Int(packet.octets)
  }

  /// Where the stamp of a VP8 payload lies.
  static func stampOffset(_ descriptor: VP8Descriptor) -> Int {
    descriptor.length + (descriptor.startsFrame ? (descriptor.isKeyframeStart ? 10 : 3) : 0)
  }

  func protect(
    _ endpoint: Endpoint, _ source: inout OutboundSource, length: Int, at now: MediaInstant
  ) {
    let packet = batch.next
    guard
      let sealed = endpoint.cipher?._withUnsafeGuaranteedRef({
        $0.protectRTP(packet, length: length)
      })
    else {
      traffic.sendFailures += 1
      return
    }
    endpoint.rate?.sent(
      endpoint.transportSequence &- 1, length: sealed, kind: source.plan.isVideo ? .video : .audio,
      at: now)
    batch.commit(length: sealed)
    source.nextIndex &+= 1
    traffic.rtpSent += 1
    traffic.rtpOctetsSent += UInt64(sealed)
  }

  /// Answers a NACK on the retransmission stream (RFC 4588).
  func retransmit(
    _ endpoint: Endpoint, _ source: inout OutboundSource, _ sequenceNumber: UInt16
  ) {
    let now = MonotonicClock.now()
    guard source.plan.isVideo else { return resend(endpoint, source, sequenceNumber) }
    guard
      let packet = source.retransmittable(
        sequenceNumber, now: now, roundTrip: endpoint.roundTrip),
      writeRetransmission(endpoint, &source, packet, kind: .retransmission, at: now)
    else { return }
    traffic.retransmissionsSent += 1
    note(endpoint) { $0.resent += 1 }
  }

  /// Puts a packet on the retransmission stream into the batch. Returns whether there is one.
  func writeRetransmission(
    _ endpoint: Endpoint, _ source: inout OutboundSource, _ packet: OutboundSource.SentPacket,
    kind: SentPacketKind, at now: MediaInstant
  ) -> Bool {
    guard let plan = source.plan.retransmission,
      var writer = header(
        endpoint, mid: source.mid, payloadType: plan.payloadType, marker: packet.marker,
        sequenceNumber: source.retransmissionSequence, timestamp: packet.timestamp,
        ssrc: plan.ssrc),
      let start = writer.finish(originalSequenceNumber: packet.sequenceNumber)
    else { return false }
    let end = Self.writePayload(packet, into: batch.next, at: start)
    guard let sealed = endpoint.srtp?.protectRTP(batch.next, length: end) else { return false }
    endpoint.rate?.sent(endpoint.transportSequence &- 1, length: sealed, kind: kind, at: now)
    batch.commit(length: sealed)
    source.retransmissionSequence &+= 1
    return true
  }

  /// Hands the batch to the kernel.
  func sendBatch(_ endpoint: Endpoint, _ slot: Int) {
    guard batch.count > 0 else { return }
    defer { batch.removeAll() }
    if impairs {
      for i in 0..<batch.count {
        let item = batch.items[i]
        let bytes = UnsafeRawBufferPointer(start: item.bytes, count: Int(item.length))
        if !impairOutgoing(endpoint, slot, bytes) { sendNow(endpoint, bytes) }
      }
      return
    }
    let sent = flow_send(
      endpoint.descriptor, batch.items, UInt32(batch.count), &endpoint.segmentation)
    if Int(sent) < batch.count { traffic.sendFailures += UInt64(batch.count - Int(sent)) }
  }
}
