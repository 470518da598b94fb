internal import Wire

/// Whether the application sends so much less than the estimate that the path is not tested
/// (the "application limited region" of later practice; the draft only bounds the estimate by 1.5
/// times what arrives).
///
/// A budget of half a second at 65 % of the estimate fills with time and is spent by what is sent:
/// above 80 % the region begins, below 50 % it ends.
///
/// Deviation: it follows the clock and not only what is sent; a sender that falls wholly silent
/// is in the region too, otherwise nothing would ever probe again.
struct ApplicationLimited {
  static let share = 0.65
  static let window = 0.5
  static let begin = 0.8
  static let end = 0.5

  /// Since when; `nil` = not limited.
  private(set) var since: MediaInstant?
  /// When the region last ended.
  private(set) var ended: MediaInstant?
  /// bits, between minus and plus one window's worth.
  private var budget = 0.0
  private var lastUpdate: MediaInstant?

  /// Whether the application was in the region within the last second.
  func isRecent(at now: MediaInstant) -> Bool {
    if since != nil { return true }
    guard let ended else { return false }
    return now - ended < .seconds(1)
  }

  mutating func packetSent(length: Int) { budget -= Double(length) * 8 }

  mutating func update(estimate: Double, at now: MediaInstant) {
    let target = max(estimate * Self.share, 1)
    let elapsed = min(max((now - (lastUpdate ?? now)).seconds, 0), 10)
    lastUpdate = now
    let full = target * Self.window
    budget = min(max(budget + target * elapsed, -full), full)
    if since == nil, budget > full * Self.begin {
      since = now
    } else if since != nil, budget < full * Self.end {
      since = nil
      ended = now
    }
  }
}
