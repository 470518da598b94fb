internal import Wire

/// Writes a packet for a viewer: a fresh header with the viewer's extensions, then a copy of the
/// payload with its VP8 numbers rewritten.
struct PacketComposer {
  struct Composed {
    var length: Int32
    var transportSequenceOffset: UInt16
    var sendTimeOffset: UInt16
  }

  var extensions: HeaderExtensionMap
  var mid: MediaIdentificationTag?
  var payloadType: UInt8
  var sequenceNumber: UInt16
  var ssrc: SSRC
  /// Set for a retransmission (RFC 4588 section 4).
  var originalSequenceNumber: UInt16?

  /// `nil` when the packet does not fit.
  func compose(
    _ packet: MediaPacket, _ fields: RewrittenFields, from source: UnsafeRawBufferPointer,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Composed? {
    guard
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: payloadType, marker: packet.flags.contains(.marker),
        sequenceNumber: sequenceNumber, timestamp: fields.timestamp, ssrc: ssrc)
    else { return nil }
    if let mid, let id = extensions[.mid] { writer.append(id: id, mid: mid) }
    var transportSequence: Int?
    if let id = extensions[.transportWideCC] {
      transportSequence = writer.append(id: id, transportSequence: 0)
    }
    var sendTime: Int?
    if let id = extensions[.absoluteSendTime] {
      sendTime = writer.append(id: id, absoluteSendTime: 0)
    }
    if packet.flags.contains(.hasAudioLevel), let id = extensions[.audioLevel] {
      writer.append(
        id: id, audioLevel: packet.audioLevel, voice: packet.flags.contains(.voice))
    }
    let end: Int?
    if let originalSequenceNumber {
      end = writer.finish(originalSequenceNumber: originalSequenceNumber)
    } else {
      end = writer.finish()
    }
    let length = Int(packet.payloadLength)
    let start = Int(packet.payloadOffset)
    guard let end, end &+ length <= buffer.count, length == 0 || start &+ length <= source.count
    else { return nil }
    if length > 0 {
      buffer.setBytes(source.slice(start..<(start &+ length)), at: end)
      if let vp8 = packet.vp8 {
        let body = UnsafeMutableRawBufferPointer(rebasing: buffer[end..<(end &+ length)])
        vp8.setPictureID(fields.pictureID, in: body)
        vp8.setTL0PicIdx(fields.tl0PicIdx, in: body)
      }
    }
    return Composed(
      length: Int32(truncatingIfNeeded: end &+ length),
      transportSequenceOffset: UInt16(truncatingIfNeeded: transportSequence ?? 0),
      sendTimeOffset: UInt16(truncatingIfNeeded: sendTime ?? 0))
  }
}
