/// The value of `a=mid` as the RTP header extension carries it (RFC 9143 section 15): 1 to 16 octets, held
/// without allocation.
public struct MediaIdentificationTag: Hashable, Sendable {
  @usableFromInline var high: UInt64
  @usableFromInline var low: UInt64
  @usableFromInline var length: UInt8

  /// `nil` when there are no octets or more than 16.
  @inlinable
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 1, bytes.count <= 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (i, byte) in bytes.enumerated() {
      if i < 8 {
        high |= UInt64(byte) << UInt64(56 &- i &* 8)
      } else {
        low |= UInt64(byte) << UInt64(56 &- (i &- 8) &* 8)
      }
    }
    self.high = high
    self.low = low
    self.length = UInt8(truncatingIfNeeded: bytes.count)
  }

  public init?(_ text: String) {
    var text = text
    let tag = text.withUTF8 { Self(UnsafeRawBufferPointer($0)) }
    guard let tag else { return nil }
    self = tag
  }

  @inlinable public var count: Int { Int(length) }

  @inlinable
  public subscript(i: Int) -> UInt8 {
    let word = i < 8 ? high : low
    return UInt8(truncatingIfNeeded: word >> UInt64(56 &- (i & 7) &* 8))
  }

  public var text: String {
    String(decoding: (0..<count).map { self[$0] }, as: UTF8.self)
  }
}
