internal import Wire

/// How much may be on its way before feedback must have been heard (the "congestion window push-back" of
/// later practice; the draft has none). When a path becomes much narrower, this holds the pacer
/// before the first late packet is reported.
///
/// The window is the estimate over the round trip without queues plus two intervals of feedback and a
/// margin, so that one lost feedback or a jittery one does not matter. Only the pacer heeds it, not
/// the estimate.
struct FeedbackWindow {
  static let margin = 0.06
  static let smallest = 8_000.0
  /// Share of the pacing rate that is left at twice the window.
  static let least = 0.15

  /// Seconds between two feedbacks, smoothed.
  private var interval = 0.1
  private var lastHeard: MediaInstant?

  mutating func heard(at now: MediaInstant) {
    defer { lastHeard = now }
    guard let lastHeard else { return }
    let sample = min(max((now - lastHeard).seconds, 0), 0.3)
    interval += (sample - interval) / 8
  }

  /// Share of the pacing rate, `least`...1.
  ///
  /// - Parameters:
  ///   - inFlight: octets.
  ///   - estimate: bits/s.
  ///   - base: the round trip without queues, seconds.
  func share(inFlight: Int, estimate: Double, base: Double) -> Double {
    let window = max(estimate / 8 * (base + 2 * interval + Self.margin), Self.smallest)
    let excess = Double(inFlight) / window - 1
    return min(max(1 - excess, Self.least), 1)
  }
}
