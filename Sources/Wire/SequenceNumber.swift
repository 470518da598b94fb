/// A 16-bit RTP sequence number under serial number arithmetic (RFC 1982, RFC 3550 appendix A.1).
public struct SequenceNumber: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  @inlinable
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }

  /// How far `other` lies ahead of this number, modulo 2^16: -32768...32767.
  @inlinable
  public func distance(to other: Self) -> Int16 {
    Int16(bitPattern: other.rawValue &- rawValue)
  }

  /// Whether this number comes after `other`. Numbers exactly 2^15 apart have no order; neither is
  /// newer than the other.
  @inlinable
  public func isNewer(than other: Self) -> Bool {
    let ahead = rawValue &- other.rawValue
    return ahead != 0 && ahead < 0x8000
  }

  @inlinable
  public func advanced(by n: Int) -> Self {
    Self(rawValue &+ UInt16(truncatingIfNeeded: n))
  }
}
