/// Walks the packets of an RTCP datagram (RFC 3550 section 6.1, reduced size allowed by RFC 5506)
/// without allocation. A view: valid while the bytes are.
public struct RTCPCompound {
  let bytes: UnsafeRawBufferPointer
  var cursor = 0

  /// `nil` when the first header is not one of RTCP.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= RTCPHeader.length, bytes.count <= 65_535, bytes[0] >> 6 == 2,
      (192...223).contains(bytes[1]),
      (Int(bytes.networkUInt16(at: 2)) &+ 1) &* 4 <= bytes.count
    else { return nil }
    self.bytes = bytes
  }

  /// The next packet, `nil` behind the last. A packet whose body is wrong is `.malformed` and the walk goes
  /// on; after a header that is wrong it ends.
  public mutating func next() -> RTCPPacket? {
    let left = bytes.count &- cursor
    guard left > 0 else { return nil }
    guard left >= RTCPHeader.length, bytes[cursor] >> 6 == 2 else { return end() }
    let length = (Int(bytes.networkUInt16(at: cursor &+ 2)) &+ 1) &* 4
    guard length <= left else { return end() }
    let packet = bytes.slice(cursor..<(cursor &+ length))
    cursor &+= length
    guard packet[0] & 0x20 != 0 else { return RTCPPacket(packet) }
    // Padding is part of the last packet only (RFC 3550) or aligns transport feedback, then it is not
    // a multiple of four.
    let padding = Int(packet[length &- 1])
    guard padding > 0, padding <= length &- RTCPHeader.length
    else { return .malformed }
    return RTCPPacket(packet.slice(0..<(length &- padding)))
  }

  private mutating func end() -> RTCPPacket {
    cursor = bytes.count
    return .malformed
  }
}
