internal import Foundation

/// What the process asks of the kernel before it serves anyone.
enum ProcessLimits {
  /// No core dumps: memory holds media and keys, and nothing of a consultation may reach a disk.
  /// - Returns: false when the kernel refused.
  static func forbidCoreDumps() -> Bool {
    // One octet instead of none: too little for any file, and the kernel's sign not to start a
    // core dump handler either (core(5)), which a limit of none does not stop.
    var one = rlimit(rlim_cur: 1, rlim_max: 1)
    return setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &one) == 0
  }

  /// As many open files as the hard limit allows: each connection is one.
  /// - Returns: the limit in force.
  @discardableResult
  static func raiseOpenFiles() -> UInt {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return UInt(limit.rlim_cur)
  }
}
