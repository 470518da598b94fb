public import Wire

/// When something was captured, by the publisher's wall clock: what sound and picture of one
/// publisher have in common (RFC 3550 section 6.4.1). One for each stream.
public struct PresentationClock: Hashable, Sendable {
  /// Ticks a second of the RTP clock.
  public let clockRate: UInt32
  private var ntp: NTPTimestamp?
  private var timestamp: UInt32 = 0

  public init(clockRate: UInt32) {
    precondition(clockRate > 0)
    self.clockRate = clockRate
  }

  /// Takes what a sender report says: both clocks at one instant. A later report takes the place of
  /// an earlier one, so that a drift between the clocks does not add up.
  public mutating func note(ntp: NTPTimestamp, timestamp: UInt32) {
    self.ntp = ntp
    self.timestamp = timestamp
  }

  /// - Parameter timestamp: of RTP, within 2^31 ticks of the last report.
  /// - Returns: `nil` before the first report.
  public func captureTime(of timestamp: UInt32) -> NTPTimestamp? {
    guard let ntp else { return nil }
    let ticks = Int64(Int32(bitPattern: timestamp &- self.timestamp))
    return ntp.advanced(
      by: MediaDuration(nanoseconds: ticks * 1_000_000_000 / Int64(clockRate)))
  }

  /// By how much one moment is later than another one of another stream of the same publisher.
  /// `nil` before both clocks had a report.
  public static func offset(
    of timestamp: UInt32, by clock: Self, from other: UInt32, by otherClock: Self
  ) -> MediaDuration? {
    guard let time = clock.captureTime(of: timestamp),
      let otherTime = otherClock.captureTime(of: other)
    else { return nil }
    return time.since(otherTime)
  }
}
