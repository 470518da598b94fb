internal import Wire

/// Writes a packet for a viewer: a fresh header with the viewer's extensions, then a copy of the
/// payload with its VP8 numbers, or the payload types inside RED, rewritten.
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
  /// The viewer's payload type of what is inside RED.
  var blockType: UInt8

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
      } else if packet.flags.contains(.isRED) {
        REDPayload.setBlockType(
          blockType, in: UnsafeMutableRawBufferPointer(rebasing: buffer[end..<(end &+ length)]))
      }
    }
    let total = pad(buffer, end &+ length, isFrame: packet.vp8 != nil)
    return Composed(
      length: Int32(truncatingIfNeeded: total),
      transportSequenceOffset: UInt16(truncatingIfNeeded: transportSequence ?? 0),
      sendTimeOffset: UInt16(truncatingIfNeeded: sendTime ?? 0))
  }

  /// Octets of padding in a packet of nothing else: the longest that its last octet can tell.
  static let longestPadding = 255

  /// A packet without payload; `nil` when it does not fit.
  func composePadding(
    _ timestamp: UInt32, into buffer: UnsafeMutableRawBufferPointer
  ) -> Composed? {
    guard
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: payloadType, marker: false, sequenceNumber: sequenceNumber,
        timestamp: timestamp, ssrc: ssrc)
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
    guard let end = writer.finish(), end &+ Self.longestPadding <= buffer.count else { return nil }
    let total = end &+ Self.longestPadding
    for i in end..<total { buffer[i] = 0 }
    buffer[total &- 1] = UInt8(Self.longestPadding)
    buffer[0] |= 0x20
    return Composed(
      length: Int32(truncatingIfNeeded: total),
      transportSequenceOffset: UInt16(truncatingIfNeeded: transportSequence ?? 0),
      sendTimeOffset: UInt16(truncatingIfNeeded: sendTime ?? 0))
  }

  /// Encoders cut a frame into packets that differ by an octet. The kernel takes packets to one peer as
  /// one (UDP_SEGMENT) only while they are equal, so the long ones get up to seven octets of RTP
  /// padding (RFC 3550 section 5.1): 0.3 % more octets, longer runs.
  private func pad(_ buffer: UnsafeMutableRawBufferPointer, _ length: Int, isFrame: Bool) -> Int {
    let octets = -length & (Self.paddedTo - 1)
    guard isFrame, originalSequenceNumber == nil, octets > 0,
      Self.padded.contains(length), length &+ octets <= buffer.count
    else { return length }
    for i in length..<(length &+ octets) { buffer[i] = 0 }
    buffer[length &+ octets &- 1] = UInt8(truncatingIfNeeded: octets)
    buffer[0] |= 0x20
    return length &+ octets
  }

  private static let paddedTo = 8
  /// Octets of packets worth it: long enough to have neighbours, short enough to stay below any MTU.
  private static let padded = 600..<1225
}
