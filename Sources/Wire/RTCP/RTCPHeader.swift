/// The common header of RTCP packets (RFC 3550 section 6.4.1) and the packet types that we know.
enum RTCPHeader {
  static let length = 4

  static let senderReport: UInt8 = 200
  static let receiverReport: UInt8 = 201
  static let sourceDescription: UInt8 = 202
  static let goodbye: UInt8 = 203
  static let transportLayerFeedback: UInt8 = 205
  static let payloadSpecificFeedback: UInt8 = 206
  static let extendedReport: UInt8 = 207

  /// Writes the header of a packet of `length` octets (a multiple of four) at the buffer's start.
  static func write(
    count: UInt8, packetType: UInt8, length: Int, into buffer: UnsafeMutableRawBufferPointer
  ) {
    buffer[0] = 0x80 | count & 0x1F
    buffer[1] = packetType
    buffer.setNetworkUInt16(UInt16(truncatingIfNeeded: length / 4 - 1), at: 2)
  }

  /// Writes the header and the two SSRCs of a feedback message (RFC 4585 section 6.1).
  static func writeFeedback(
    format: UInt8, packetType: UInt8, sender: SSRC, media: SSRC, length: Int,
    into buffer: UnsafeMutableRawBufferPointer
  ) {
    write(count: format, packetType: packetType, length: length, into: buffer)
    buffer.setNetworkUInt32(sender.rawValue, at: 4)
    buffer.setNetworkUInt32(media.rawValue, at: 8)
  }
}
