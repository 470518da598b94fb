internal import Wire

/// The round trip to a peer, from its report blocks about our sender reports (RFC 3550
/// section 6.4.1): smoothed.
struct RoundTrip {
  /// Longer is not a round trip but a clock or a lie.
  static let maximum = MediaDuration.seconds(10)

  private(set) var smoothed: MediaDuration?
  /// The longest of late: the smoothed one, or the last if that was longer.
  private(set) var longest: MediaDuration?

  /// - Parameter ntp: our wall clock when the block arrived.
  mutating func note(_ block: ReportBlock, ntp: NTPTimestamp) {
    guard block.lastSR != 0 else { return }
    let units = Int32(bitPattern: ntp.middle32 &- block.lastSR &- block.delaySinceLastSR)
    // Clocks have a grain: a little below zero is zero.
    guard units > -66 else { return }
    let sample = MediaDuration(compactNTP: UInt32(max(units, 0)))
    guard sample <= Self.maximum else { return }
    let average = smoothed.map { $0 + (sample - $0) / 4 } ?? sample
    smoothed = average
    longest = max(average, sample)
  }
}
