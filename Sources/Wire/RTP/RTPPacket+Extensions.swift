/// The header extensions that we read, by meaning. `nil`: absent, or of a wrong length.
extension RTPPacket {
  /// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2.
  @inlinable
  public func transportSequence(id: UInt8, in bytes: UnsafeRawBufferPointer) -> UInt16? {
    guard let range = extensionRange(id: id, in: bytes), range.count == 2 else { return nil }
    return bytes.networkUInt16(at: range.lowerBound)
  }

  /// RFC 6464: `level` is -dBov (0 loudest, 127 silence).
  @inlinable
  public func audioLevel(
    id: UInt8, in bytes: UnsafeRawBufferPointer
  ) -> (level: UInt8, voice: Bool)? {
    // RFC 6464 section 3 allows any length in the two-byte form; the first octet is the level.
    guard let range = extensionRange(id: id, in: bytes), range.count >= 1 else { return nil }
    let value = bytes[range.lowerBound]
    return (value & 0x7F, value & 0x80 != 0)
  }

  /// Seconds in 6.18 fixed point, modulo 64 s.
  @inlinable
  public func absoluteSendTime(id: UInt8, in bytes: UnsafeRawBufferPointer) -> UInt32? {
    guard let range = extensionRange(id: id, in: bytes), range.count == 3 else { return nil }
    return bytes.networkUInt24(at: range.lowerBound)
  }

  /// RFC 9143 section 15; RFC 8852 stream ids have the same form.
  @inlinable
  public func identificationTag(
    id: UInt8, in bytes: UnsafeRawBufferPointer
  ) -> MediaIdentificationTag? {
    guard let range = extensionRange(id: id, in: bytes) else { return nil }
    return MediaIdentificationTag(bytes.slice(range))
  }
}
