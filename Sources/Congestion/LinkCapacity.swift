/// Where over-use last happened: an average and deviation of the rates that arrived at the cuts
/// (draft-ietf-rmcat-gcc-02 section 5.5: R_hat's moving average and the three standard deviations
/// around it).
struct LinkCapacity {
  static let smoothing = 0.05

  /// kbit/s; `nil` = not known.
  private(set) var mean: Double?
  /// Variance relative to the mean, kbit/s; within practice's bounds.
  private var deviation = 0.4

  mutating func overused(at rate: Double) {
    let sample = rate / 1000
    guard let old = mean else {
      mean = sample
      return
    }
    // Far below: another path.
    if sample < old - 3 * spread { return self = LinkCapacity(mean: sample) }
    let new = old + Self.smoothing * (sample - old)
    let error = (new - sample) * (new - sample) / max(new, 1)
    deviation = min(max((1 - Self.smoothing) * deviation + Self.smoothing * error, 0.4), 2.5)
    mean = new
  }

  private init(mean: Double?) { self.mean = mean }
  init() {}

  private var spread: Double { ((mean ?? 0) * deviation).squareRoot() }

  /// Whether a rate lies around the capacity.
  func isNear(_ rate: Double) -> Bool {
    guard let mean else { return false }
    return abs(rate / 1000 - mean) <= 3 * spread
  }

  /// More arrives than the capacity was believed to be.
  mutating func reset(below rate: Double) {
    if let mean, rate / 1000 > mean + 3 * spread { self = LinkCapacity() }
  }
}
