/// How likely all of a number of lines are busy (Erlang's B formula): what says how many calls at
/// once a service must carry.
enum ErlangB {
  /// - Parameters:
  ///   - load: calls at once in the mean (erlang), not negative.
  ///   - lines: calls that can be carried.
  static func blocking(load: Double, lines: Int) -> Double {
    guard load > 0 else { return lines == 0 ? 1 : 0 }
    var blocked = 1.0
    for n in 1..<max(1, lines + 1) { blocked = load * blocked / (Double(n) + load * blocked) }
    return blocked
  }

  /// The fewest lines that turn away no more than `blocking` (above 0) of the calls.
  static func lines(load: Double, blocking wanted: Double) -> Int {
    guard load > 0 else { return 0 }
    var blocked = 1.0
    var lines = 0
    while blocked > wanted {
      lines += 1
      blocked = load * blocked / (Double(lines) + load * blocked)
    }
    return lines
  }
}
