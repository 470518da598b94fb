public import Consultation
public import Wire

/// How the time is asked for: the program gives the real clocks, tests give their own.
public struct SignalingClock: Sendable {
  /// Monotonic: for timeouts and rates.
  public let now: @Sendable () -> MediaInstant
  /// UTC: for records and tokens.
  public let wall: @Sendable () -> WallClock

  public init(
    now: @escaping @Sendable () -> MediaInstant, wall: @escaping @Sendable () -> WallClock
  ) {
    self.now = now
    self.wall = wall
  }
}
