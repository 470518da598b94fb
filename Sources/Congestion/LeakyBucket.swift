internal import Wire

/// What was sent above the rate, and how soon it has drained.
struct LeakyBucket {
  /// Sound may overfill the bucket; the rest does not wait for longer than this because of it.
  static let deepest = MediaDuration.milliseconds(500)

  /// bits/s
  private(set) var rate: Double
  private let burst: MediaDuration
  /// bits
  private var level = 0.0
  private var updated: MediaInstant?

  init(rate: Int, burst: MediaDuration) {
    self.rate = Double(min(max(rate, 1000), 1_000_000_000_000))
    self.burst = burst
  }

  mutating func setRate(_ rate: Int, at now: MediaInstant) {
    update(at: now)
    self.rate = Double(min(max(rate, 1000), 1_000_000_000_000))
  }

  mutating func update(at now: MediaInstant) {
    let elapsed = (now - (updated ?? now)).seconds
    updated = now
    level = max(level - rate * min(max(elapsed, 0), 10), 0)
  }

  mutating func spend(_ octets: Int) {
    level = min(level + Double(octets) * 8, rate * Self.deepest.seconds)
  }

  /// At the last update.
  var isOpen: Bool { level <= rate * burst.seconds }

  var opens: MediaInstant {
    let wait = max(level - rate * burst.seconds, 0) / rate
    // A microsecond more, so that rounding does not find it still shut.
    return (updated ?? MediaInstant(nanoseconds: 0)) + .microseconds(Int64(wait * 1e6) + 1)
  }

  func time(for octets: Int) -> MediaDuration {
    .microseconds(Int64(min(Double(octets) * 8e6 / rate, 1e12)))
  }
}
