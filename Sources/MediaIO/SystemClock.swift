internal import Glibc
public import Wire

/// The only place where the media plane reads a clock.
public enum SystemClock {
  /// CLOCK_MONOTONIC: never steps, stands still while the machine sleeps.
  public static func now() -> MediaInstant {
    MediaInstant(nanoseconds: read(CLOCK_MONOTONIC))
  }

  /// What must be added to a `MediaInstant` to give the time since 1970-01-01T00:00:00Z. Read once
  /// at start: RTCP wants a wall clock that never steps.
  public static func wallOffset() -> MediaDuration {
    MediaDuration(nanoseconds: read(CLOCK_REALTIME) &- read(CLOCK_MONOTONIC))
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
