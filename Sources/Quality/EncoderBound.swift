internal import Wire

/// Whether pictures that a camera leaves out are for what we ask of its encoder: one that suddenly gets a part of
/// what it had, or hardly anything, drops pictures until it has followed.
struct EncoderBound: Hashable {
  /// bits/s; less carries no fluent picture.
  static let little = 200_000
  /// What it was asked for of late, bits/s; forgets an eighth a second.
  private var high = 0
  private var until: MediaInstant?

  /// - Parameter cap: bits/s; `nil`: nothing is asked.
  mutating func explains(_ cap: Int?, at now: MediaInstant) -> Bool {
    guard let cap else {
      (high, until) = (0, nil)
      return false
    }
    if cap <= Self.little || cap < high / 2 { until = now + IncidentDetector.deviceLag }
    high = max(cap, high - high / 8)
    return until.map { now <= $0 } ?? false
  }
}
