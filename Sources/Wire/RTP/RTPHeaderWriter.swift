/// Writes a fresh RTP header with one-byte header extensions (RFC 8285 section 4.2) into a buffer:
/// `init`, any number of `append`, `finish`, then the payload goes to the offset that `finish` gave.
///
/// An `append` that does not fit writes nothing and returns `nil`.
public struct RTPHeaderWriter {
  @usableFromInline let buffer: UnsafeMutableRawBufferPointer
  @usableFromInline var cursor: Int

  /// `nil` when the buffer has no room for 12 octets.
  @inlinable
  public init?(
    into buffer: UnsafeMutableRawBufferPointer, payloadType: UInt8, marker: Bool,
    sequenceNumber: UInt16, timestamp: UInt32, ssrc: SSRC
  ) {
    guard buffer.count >= RTPPacket.fixedHeaderLength else { return nil }
    self.buffer = buffer
    buffer[0] = 0x80
    buffer[1] = payloadType & 0x7F | (marker ? 0x80 : 0)
    buffer.setNetworkUInt16(sequenceNumber, at: 2)
    buffer.setNetworkUInt32(timestamp, at: 4)
    buffer.setNetworkUInt32(ssrc.rawValue, at: 8)
    // Elements start behind the four octets of the extension header, written by `finish`.
    cursor = RTPPacket.fixedHeaderLength &+ 4
  }

  /// Room for `length` octets of element `id`: the offset where they go.
  @inlinable
  mutating func reserve(id: UInt8, length: Int) -> Int? {
    guard id >= 1, id <= 14, length >= 1, length <= 16, cursor &+ 1 &+ length <= buffer.count
    else { return nil }
    buffer[cursor] = id << 4 | UInt8(truncatingIfNeeded: length &- 1)
    let start = cursor &+ 1
    cursor = start &+ length
    return start
  }

  /// Any element of 1...16 octets. Returns where its value lies.
  @inlinable @discardableResult
  public mutating func append(id: UInt8, bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = reserve(id: id, length: bytes.count) else { return nil }
    buffer.setBytes(bytes, at: start)
    return start
  }

  @inlinable @discardableResult
  public mutating func append(id: UInt8, mid: MediaIdentificationTag) -> Int? {
    guard let start = reserve(id: id, length: mid.count) else { return nil }
    for i in 0..<mid.count { buffer[start &+ i] = mid[i] }
    return start
  }

  /// Returns the offset of the two octets, so that the number can be stamped when the packet leaves.
  @inlinable @discardableResult
  public mutating func append(id: UInt8, transportSequence: UInt16) -> Int? {
    guard let start = reserve(id: id, length: 2) else { return nil }
    buffer.setNetworkUInt16(transportSequence, at: start)
    return start
  }

  /// RFC 6464. `level` is 0...127.
  @inlinable @discardableResult
  public mutating func append(id: UInt8, audioLevel level: UInt8, voice: Bool) -> Int? {
    guard let start = reserve(id: id, length: 1) else { return nil }
    buffer[start] = level & 0x7F | (voice ? 0x80 : 0)
    return start
  }

  /// `absoluteSendTime`: 6.18 fixed point seconds, see `MediaInstant.absoluteSendTime`.
  @inlinable @discardableResult
  public mutating func append(id: UInt8, absoluteSendTime: UInt32) -> Int? {
    guard let start = reserve(id: id, length: 3) else { return nil }
    buffer.setNetworkUInt24(absoluteSendTime, at: start)
    return start
  }

  /// Ends the header and returns its length, which is where the payload starts. `nil` when padding the
  /// elements to a word runs out of room.
  @inlinable
  public mutating func finish() -> Int? {
    let elements = RTPPacket.fixedHeaderLength &+ 4
    if cursor == elements { return RTPPacket.fixedHeaderLength }
    let end = (cursor &+ 3) & ~3
    guard end <= buffer.count else { return nil }
    while cursor < end {
      buffer[cursor] = 0
      cursor &+= 1
    }
    buffer[0] |= 0x10
    buffer.setNetworkUInt16(0xBEDE, at: RTPPacket.fixedHeaderLength)
    let words = UInt16(truncatingIfNeeded: (end &- elements) >> 2)
    buffer.setNetworkUInt16(words, at: RTPPacket.fixedHeaderLength &+ 2)
    return end
  }

  /// Ends the header of a retransmission: the original sequence number follows it (RFC 4588
  /// section 4). Returns where the original payload goes.
  @inlinable
  public mutating func finish(originalSequenceNumber: UInt16) -> Int? {
    guard let end = finish(), end &+ 2 <= buffer.count else { return nil }
    buffer.setNetworkUInt16(originalSequenceNumber, at: end)
    return end &+ 2
  }
}

extension MediaInstant {
  /// As `abs-send-time` carries it: seconds in 6.18 fixed point, modulo 64 s.
  @inlinable
  public var absoluteSendTime: UInt32 {
    let positive = UInt64(bitPattern: nanoseconds) % 64_000_000_000
    return UInt32(truncatingIfNeeded: (positive << 18) / 1_000_000_000) & 0xFF_FFFF
  }
}
