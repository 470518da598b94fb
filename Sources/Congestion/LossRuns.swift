/// How many packets are lost in a row, on average over the last seconds.
struct LossRuns {
  static let fading = 0.95

  private var packets = 0.0
  private var runs = 0.0
  private var last: Int64?

  /// 1 or more.
  var length: Double { runs > 1 ? max(packets / runs, 1) : 1 }

  mutating func lost(_ sequence: Int64) {
    packets += 1
    if last != sequence &- 1 { runs += 1 }
    last = sequence
  }

  /// Once an observation.
  mutating func fade() {
    packets *= Self.fading
    runs *= Self.fading
  }
}
