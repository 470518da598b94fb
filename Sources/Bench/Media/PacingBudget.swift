internal import Wire

/// When packets may leave, as libwebrtc paces video: at 2.5 times the bit rate, with bursts of
/// 40 ms of that rate, so that a common frame leaves at once and a keyframe is spread.
struct PacingBudget {
  static let factor = 2.5
  static let burst = MediaDuration.milliseconds(40)

  private var nanosecondsPerOctet: Double
  private let burst: MediaDuration
  /// What was sent counts as being on its way until then.
  private var busyUntil = MediaInstant(nanoseconds: 0)

  init(kilobitsPerSecond: Double, burst: MediaDuration = PacingBudget.burst) {
    nanosecondsPerOctet = 8e6 / (kilobitsPerSecond * Self.factor)
    self.burst = burst
  }

  /// So fast from now on, without a factor.
  mutating func setPace(kilobitsPerSecond: Double) {
    nanosecondsPerOctet = 8e6 / max(kilobitsPerSecond, 1)
  }

  /// When the next packet may leave: now, or later.
  func opening(at now: MediaInstant) -> MediaInstant { max(now, busyUntil - burst) }

  mutating func spend(_ octets: Int, at now: MediaInstant) {
    let cost = MediaDuration(nanoseconds: Int64(Double(octets) * nanosecondsPerOctet))
    busyUntil = max(busyUntil, now) + cost
  }
}
