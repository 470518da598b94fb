internal import Glibc
internal import Wire

/// The clocks of the load generator.
enum MonotonicClock {
  static func now() -> MediaInstant { MediaInstant(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// What must be added to a time of CLOCK_REALTIME, which the kernel stamps datagrams with, to get
  /// one of the monotonic clock. Changes when the wall clock is set.
  static func offsetFromWallClock() -> Int64 {
    // The middle of two readings around the other clock: good to a microsecond.
    let before = read(CLOCK_MONOTONIC)
    let wall = read(CLOCK_REALTIME)
    let after = read(CLOCK_MONOTONIC)
    return before + (after - before) / 2 - wall
  }

  /// CPU time of the calling thread, nanoseconds.
  static func threadTime() -> Int64 { read(CLOCK_THREAD_CPUTIME_ID) }
  /// CPU time of this process, nanoseconds.
  static func processTime() -> Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
