/// REMB (draft-alvestrand-rmcat-remb-03): what the receiver believes that the path carries. Iterates
/// the sources that it is about. A view on the packet.
public struct ReceiverEstimatedMaximumBitrate: Sequence {
  static let format: UInt8 = 15
  static let name: UInt32 = 0x5245_4D42  // "REMB"

  public let sender: SSRC
  /// Bits a second.
  public let bitrate: UInt64
  let sources: UnsafeRawBufferPointer

  static func isNamed(_ packet: UnsafeRawBufferPointer) -> Bool {
    packet.count >= 16 && packet.networkUInt32(at: 12) == name
  }

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= 20 else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    let end = 20 + Int(packet[16]) * 4
    guard end <= packet.count else { return nil }
    let value = packet.networkUInt24(at: 17)
    let exponent = value >> 18
    let mantissa = UInt64(value & 0x3_FFFF)
    // 6 bits of exponent reach beyond 64 bits.
    bitrate = mantissa.leadingZeroBitCount >= exponent ? mantissa << exponent : .max
    sources = packet.slice(20..<end)
  }

  public func makeIterator() -> Iterator { Iterator(sources: sources) }

  public struct Iterator: IteratorProtocol {
    let sources: UnsafeRawBufferPointer
    var cursor = 0

    init(sources: UnsafeRawBufferPointer) { self.sources = sources }

    public mutating func next() -> SSRC? {
      guard cursor < sources.count else { return nil }
      let ssrc = SSRC(sources.networkUInt32(at: cursor))
      cursor &+= 4
      return ssrc
    }
  }

  /// Writes an estimate for at most 255 sources; the bitrate is rounded down to 18 significant bits. Returns
  /// its length, `nil` when it does not fit.
  public static func write(
    sender: SSRC, bitrate: UInt64, sources: [SSRC], into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let length = 20 + sources.count * 4
    guard sources.count <= 255, length <= buffer.count else { return nil }
    RTCPHeader.writeFeedback(
      format: format, packetType: RTCPHeader.payloadSpecificFeedback, sender: sender,
      media: SSRC(0), length: length, into: buffer)
    buffer.setNetworkUInt32(name, at: 12)
    let exponent = Swift.max(0, 64 - 18 - bitrate.leadingZeroBitCount)
    buffer[16] = UInt8(sources.count)
    buffer.setNetworkUInt24(
      UInt32(exponent) << 18 | UInt32(truncatingIfNeeded: bitrate >> UInt64(exponent)), at: 17)
    for (i, source) in sources.enumerated() {
      buffer.setNetworkUInt32(source.rawValue, at: 20 + i * 4)
    }
    return length
  }
}
