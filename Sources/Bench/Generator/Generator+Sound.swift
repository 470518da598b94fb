internal import CDatagram
internal import Transport
internal import Wire

/// Sound leaves, and comes again.
extension Generator {
  /// Ticks between two packets of Opus.
  private static let spacing: UInt32 = 960

  func writeAudio(
    _ endpoint: Endpoint, _ source: inout OutboundSource, octets: Int, due: MediaInstant,
    now: MediaInstant
  ) {
    let repeats = endpoint.rate?.repeatsSound ?? true
    let redundancy = repeats ? source.plan.redundancy : nil
    guard
      var writer = header(
        endpoint, mid: source.mid, payloadType: redundancy ?? source.plan.payloadType,
        marker: source.nextIndex == 0,
        sequenceNumber: source.sequenceNumber, timestamp: source.timestamp(at: due),
        ssrc: source.plan.ssrc)
    else { return }
    if let id = endpoint.levelExtension { writer.append(id: id, audioLevel: 30, voice: true) }
    guard var cursor = writer.finish() else { return }
    let start = cursor
    let buffer = batch.next
    let length = max(min(octets, endpoint.soundLimit), PayloadStamp.length + 1)
    if redundancy != nil {
      // RFC 2198 section 3: the header of the packet before, that of this one.
      if source.lastSound != nil {
        let header = UInt32(0x80 | source.plan.payloadType) << 24
        buffer.setNetworkUInt32(header | Self.spacing << 10 | UInt32(length), at: cursor)
        cursor += 4
      }
      buffer[cursor] = source.plan.payloadType
      cursor += 1
      // As long as this one: nobody looks.
      if let last = source.lastSound {
        Self.writeSound(last, into: buffer, at: cursor)
        cursor += length
      }
    }
    let stamp = PayloadStamp(source: source.plan.tag, index: source.nextIndex, sent: now)
    Self.writeSound(stamp, into: buffer, at: cursor)
    if source.plan.redundancy != nil { source.lastSound = stamp }
    let before = batch.count
    protect(endpoint, &source, length: cursor + length, at: now)
    if source.plan.repairsSound, batch.count > before {
      let item = batch.items[before]
      source.keep(
        sound: UnsafeRawBufferPointer(start: item.bytes, count: Int(item.length)),
        source.sequenceNumber)
    }
    source.sequenceNumber &+= 1
    source.packets &+= 1
    source.octets &+= UInt32(cursor + length - start)
  }

  private static func writeSound(
    _ stamp: PayloadStamp, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) {
    // The table of contents of a 20 ms CELT fullband packet (RFC 6716 section 3.1).
    buffer[offset] = 0xFC
    stamp.write(into: buffer, at: offset + 1)
  }

  /// Sound that was asked for again goes as it went: there is no retransmission stream for it.
  func resend(_ endpoint: Endpoint, _ source: borrowing OutboundSource, _ sequenceNumber: UInt16) {
    guard let sent = source.sealed.last(where: { $0.sequenceNumber == sequenceNumber }) else {
      return
    }
    sent.bytes.withUnsafeBytes { batch.next.copyMemory(from: $0) }
    batch.commit(length: sent.bytes.count)
    traffic.retransmissionsSent += 1
  }

  /// What a packet of sound repeats.
  func note(
    _ red: REDPayload, of stream: UnsafeMutablePointer<InboundStream>,
    _ payload: UnsafeRawBufferPointer, at arrival: MediaInstant
  ) {
    for number in 0..<red.redundantCount {
      guard let block = red.redundantBlock(number, in: payload),
        let stamp = PayloadStamp(
          UnsafeRawBufferPointer(rebasing: payload[block.range]), at: 1),
        stream.pointee.sourceTag.map({ $0 == stamp.source }) ?? true
      else { continue }
      stream.pointee.recording?.note(sound: stamp, at: arrival)
    }
  }
}
