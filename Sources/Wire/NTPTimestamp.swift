/// Wall-clock time as RTCP carries it: seconds since 1900 in 32.32 fixed point (RFC 3550 section 4).
public struct NTPTimestamp: Hashable, Comparable, Sendable {
  /// Whole seconds; wraps in 2036.
  public var seconds: UInt32
  /// In units of 2^-32 s.
  public var fraction: UInt32

  /// Seconds from 1900-01-01 to 1970-01-01.
  @usableFromInline static let secondsTo1970: Int64 = 2_208_988_800

  @inlinable
  public init(seconds: UInt32, fraction: UInt32) {
    self.seconds = seconds
    self.fraction = fraction
  }

  @inlinable
  public init(rawValue: UInt64) {
    seconds = UInt32(truncatingIfNeeded: rawValue >> 32)
    fraction = UInt32(truncatingIfNeeded: rawValue)
  }

  /// - Parameter wallOffset: what must be added to `instant` to give the time since
  ///   1970-01-01T00:00:00Z.
  public init(_ instant: MediaInstant, wallOffset: MediaDuration) {
    let nanoseconds = instant.nanoseconds &+ wallOffset.nanoseconds
    let billion: Int64 = 1_000_000_000
    var whole = nanoseconds / billion
    var rest = nanoseconds % billion
    if rest < 0 {
      rest &+= billion
      whole &-= 1
    }
    seconds = UInt32(truncatingIfNeeded: whole &+ Self.secondsTo1970)
    fraction = UInt32(truncatingIfNeeded: (UInt64(rest) << 32) / UInt64(billion))
  }

  @inlinable
  public var rawValue: UInt64 { UInt64(seconds) << 32 | UInt64(fraction) }

  /// The middle 32 bits, as in `LSR` of a report block: units of 1/65536 s.
  @inlinable
  public var middle32: UInt32 { seconds << 16 | fraction >> 16 }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// This time later by `duration` (which may be negative).
  public func advanced(by duration: MediaDuration) -> Self {
    let billion: Int64 = 1_000_000_000
    let whole = duration.nanoseconds / billion
    let rest = duration.nanoseconds % billion
    let fraction = (rest << 32) / billion
    let step = UInt64(bitPattern: whole << 32 &+ fraction)
    return Self(rawValue: rawValue &+ step)
  }

  /// The span from `earlier` to this, good to +-68 years.
  public func since(_ earlier: Self) -> MediaDuration {
    let units = Int64(bitPattern: rawValue &- earlier.rawValue)
    let whole = units >> 32
    let rest = UInt64(units & 0xFFFF_FFFF)
    return MediaDuration(
      nanoseconds: whole &* 1_000_000_000 &+ Int64((rest &* 1_000_000_000) >> 32))
  }
}

/// A span in units of 1/65536 s, as `DLSR` and round trips in RTCP are counted.
extension MediaDuration {
  @inlinable
  public init(compactNTP units: UInt32) {
    self.init(nanoseconds: (Int64(units) &* 1_000_000_000) >> 16)
  }

  /// In units of 1/65536 s; negative spans are 0, those beyond 18 hours saturate.
  @inlinable
  public var compactNTP: UInt32 {
    if nanoseconds <= 0 { return 0 }
    if nanoseconds >= 65_535_000_000_000 { return .max }
    return UInt32(truncatingIfNeeded: (nanoseconds << 16) / 1_000_000_000)
  }
}
