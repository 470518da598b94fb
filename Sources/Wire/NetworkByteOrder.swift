/// Big-endian loads. The caller has checked the bounds: every parser of this module compares
/// lengths before it reads, and debug builds assert it again.
extension UnsafeRawBufferPointer {
  @inlinable
  public func networkUInt16(at offset: Int) -> UInt16 {
    assert(offset >= 0 && offset &+ 2 <= count)
    return UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  @inlinable
  public func networkUInt24(at offset: Int) -> UInt32 {
    assert(offset >= 0 && offset &+ 3 <= count)
    return UInt32(networkUInt16(at: offset)) << 8 | UInt32(self[offset &+ 2])
  }

  @inlinable
  public func networkUInt32(at offset: Int) -> UInt32 {
    assert(offset >= 0 && offset &+ 4 <= count)
    return UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inlinable
  public func networkUInt64(at offset: Int) -> UInt64 {
    assert(offset >= 0 && offset &+ 8 <= count)
    return UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The bytes of a range that the caller has checked.
  @inlinable
  public func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    assert(range.lowerBound >= 0 && range.upperBound <= count)
    return UnsafeRawBufferPointer(rebasing: self[range])
  }
}

/// Big-endian stores; the caller has checked the bounds.
extension UnsafeMutableRawBufferPointer {
  @inlinable
  public func setNetworkUInt16(_ value: UInt16, at offset: Int) {
    assert(offset >= 0 && offset &+ 2 <= count)
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }

  @inlinable
  public func setNetworkUInt24(_ value: UInt32, at offset: Int) {
    assert(offset >= 0 && offset &+ 3 <= count)
    setNetworkUInt16(UInt16(truncatingIfNeeded: value >> 8), at: offset)
    self[offset &+ 2] = UInt8(truncatingIfNeeded: value)
  }

  @inlinable
  public func setNetworkUInt32(_ value: UInt32, at offset: Int) {
    assert(offset >= 0 && offset &+ 4 <= count)
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inlinable
  public func setNetworkUInt64(_ value: UInt64, at offset: Int) {
    assert(offset >= 0 && offset &+ 8 <= count)
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Copies `source` to `offset`; the caller has checked that it fits.
  @inlinable
  public func setBytes(_ source: UnsafeRawBufferPointer, at offset: Int) {
    assert(offset >= 0 && offset &+ source.count <= count)
    guard let from = source.baseAddress, let to = baseAddress else { return }
    (to + offset).copyMemory(from: from, byteCount: source.count)
  }
}
