internal import Wire

/// The round trip to a peer, smoothed: from its report blocks about our sender reports (RFC 3550
/// section 6.4.1), and where we send it none, from its answers to our clock (RFC 3611 section 4.5).
struct RoundTrip {
  /// Longer is not a round trip but a clock or a lie.
  static let maximum = MediaDuration.seconds(10)

  private(set) var smoothed: MediaDuration?
  /// The longest of late: the smoothed one, or the last if that was longer.
  private(set) var longest: MediaDuration?

  /// - Parameter ntp: our wall clock when the block arrived.
  mutating func note(_ block: ReportBlock, ntp: NTPTimestamp) {
    note(last: block.lastSR, delay: block.delaySinceLastSR, ntp: ntp)
  }

  /// - Parameters:
  ///   - last: the middle of the NTP timestamp that we told; zero: none came.
  ///   - delay: how long the peer held the answer back, 1/65536 s.
  ///   - ntp: our wall clock when the answer arrived.
  mutating func note(last: UInt32, delay: UInt32, ntp: NTPTimestamp) {
    guard last != 0 else { return }
    let units = Int32(bitPattern: ntp.middle32 &- last &- delay)
    // Clocks have a grain: a little below zero is zero.
    guard units > -66 else { return }
    let sample = MediaDuration(compactNTP: UInt32(max(units, 0)))
    guard sample <= Self.maximum else { return }
    let average = smoothed.map { $0 + (sample - $0) / 4 } ?? sample
    smoothed = average
    longest = max(average, sample)
  }
}
