internal import Glibc
internal import Wire

enum Clock {
  static func now() -> MediaInstant { MediaInstant(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// What must be added to the time stamps of the kernel.
  static func kernelOffset() -> MediaDuration {
    MediaDuration(nanoseconds: read(CLOCK_MONOTONIC) - read(CLOCK_REALTIME))
  }

  /// Of this thread.
  static func used() -> Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

  static func sleep(_ span: MediaDuration) {
    guard span > .zero else { return }
    var time = timespec(
      tv_sec: Int(span.nanoseconds / 1_000_000_000), tv_nsec: Int(span.nanoseconds % 1_000_000_000))
    nanosleep(&time, nil)
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
