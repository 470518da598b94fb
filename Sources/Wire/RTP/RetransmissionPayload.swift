/// What a retransmission holds (RFC 4588 section 4): the original sequence number, then the original
/// payload.
public enum RetransmissionPayload {
  /// The original sequence number of a packet on an RTX stream; `nil` when the payload is too short
  /// (padding-only probes have none).
  @inlinable
  public static func originalSequenceNumber(
    of packet: RTPPacket, in bytes: UnsafeRawBufferPointer
  ) -> UInt16? {
    guard packet.payloadLength >= 2, bytes.count >= packet.length else { return nil }
    return bytes.networkUInt16(at: packet.headerLength)
  }

  /// Turns a retransmission back into the packet that was lost, in place. The header extensions stay
  /// those of the retransmission, padding is dropped.
  ///
  /// - Parameters:
  ///   - buffer: holds the retransmission in its first `packet.length` octets.
  ///   - payloadType, ssrc: of the original stream.
  /// - Returns: the length of the original packet, `nil` when there is none inside.
  public static func restore(
    _ packet: RTPPacket, in buffer: UnsafeMutableRawBufferPointer, payloadType: UInt8, ssrc: SSRC
  ) -> Int? {
    let bytes = UnsafeRawBufferPointer(buffer)
    guard let original = originalSequenceNumber(of: packet, in: bytes),
      let base = buffer.baseAddress
    else { return nil }
    let rest = packet.payloadLength &- 2
    (base + packet.headerLength).copyMemory(
      from: base + packet.headerLength + 2, byteCount: rest)
    buffer[0] &= ~0x20
    buffer[1] = buffer[1] & 0x80 | payloadType & 0x7F
    buffer.setNetworkUInt16(original, at: 2)
    buffer.setNetworkUInt32(ssrc.rawValue, at: 8)
    return packet.headerLength &+ rest
  }
}
