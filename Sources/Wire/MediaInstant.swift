/// A point on the monotonic clock of the media plane, in nanoseconds since an arbitrary origin.
///
/// The real clock is read in one place of `MediaIO`; everywhere else an instant is an argument.
public struct MediaInstant: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  @inlinable
  public static func + (a: Self, b: MediaDuration) -> Self {
    Self(nanoseconds: a.nanoseconds &+ b.nanoseconds)
  }

  @inlinable
  public static func - (a: Self, b: MediaDuration) -> Self {
    Self(nanoseconds: a.nanoseconds &- b.nanoseconds)
  }

  @inlinable
  public static func - (a: Self, b: Self) -> MediaDuration {
    MediaDuration(nanoseconds: a.nanoseconds &- b.nanoseconds)
  }

  @inlinable
  public static func += (a: inout Self, b: MediaDuration) { a = a + b }
}

/// A signed span of media time, in nanoseconds.
public struct MediaDuration: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = MediaDuration(nanoseconds: 0)

  @inlinable
  public static func microseconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1000) }

  @inlinable
  public static func milliseconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1_000_000) }

  @inlinable
  public static func seconds(_ n: Int64) -> Self { Self(nanoseconds: n &* 1_000_000_000) }

  @inlinable public var microseconds: Int64 { nanoseconds / 1000 }
  @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }
  @inlinable public var seconds: Double { Double(nanoseconds) / 1e9 }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  @inlinable
  public static func + (a: Self, b: Self) -> Self {
    Self(nanoseconds: a.nanoseconds &+ b.nanoseconds)
  }

  @inlinable
  public static func - (a: Self, b: Self) -> Self {
    Self(nanoseconds: a.nanoseconds &- b.nanoseconds)
  }

  @inlinable
  public static func * (a: Self, n: Int64) -> Self { Self(nanoseconds: a.nanoseconds &* n) }

  @inlinable
  public static func / (a: Self, n: Int64) -> Self { Self(nanoseconds: a.nanoseconds / n) }
}
