/// How busy the media thread is, and how often it looks at its sockets therefore, nanoseconds: the
/// kernel stamps what arrives, so that a look less is only a system call less.
struct LoadGauge {
  static let shortestTurn: Int64 = 1_000_000
  static let longestTurn: Int64 = 4_000_000
  private static let span: Int64 = 100_000_000

  private var steadyTurn = LoadGauge.shortestTurn
  private var from: (now: Int64, busy: Int64)?

  mutating func note(_ now: Int64) {
    if let from, now - from.now < Self.span { return }
    note(now, busy: MonotonicClock.threadTime())
  }

  /// - Parameter busy: CPU time of the thread so far.
  mutating func note(_ now: Int64, busy: Int64) {
    if let from, now > from.now {
      switch Double(busy - from.busy) / Double(now - from.now) {
      case ..<0.4: steadyTurn = Self.shortestTurn
      case ..<0.6: steadyTurn = Self.shortestTurn * 2
      default: steadyTurn = Self.longestTurn
      }
    }
    from = (now, busy)
  }

  /// Whoever connects waits for each answer.
  func turn(isJoining: Bool) -> Int64 { isJoining ? Self.shortestTurn : steadyTurn }
}
