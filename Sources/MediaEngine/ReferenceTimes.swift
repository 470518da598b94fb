internal import Wire

/// Receivers' clocks that a peer told us (RFC 3611 section 4.4), to be answered with the next report
/// (section 4.5): so a peer that only receives learns its round trip.
struct ReferenceTimes {
  /// A browser tells one for each of its streams, all of them every second or so.
  static let capacity = 8

  private var entries: [(ssrc: SSRC, middle32: UInt32, arrival: MediaInstant)] = []

  /// The newest of each source counts; of too many sources the first.
  mutating func note(_ ntp: NTPTimestamp, from ssrc: SSRC, arrival: MediaInstant) {
    let entry = (ssrc, ntp.middle32, arrival)
    if let at = entries.firstIndex(where: { $0.ssrc == ssrc }) {
      entries[at] = entry
    } else if entries.count < Self.capacity {
      entries.append(entry)
    }
  }

  /// Calls `body` with an answer to each, once.
  mutating func answer(now: MediaInstant, _ body: (ExtendedReport.Block) -> Void) {
    for entry in entries {
      body(
        .delaySinceLastReceiverReport(
          ssrc: entry.ssrc, lastRR: entry.middle32, delay: (now - entry.arrival).compactNTP))
    }
    entries.removeAll(keepingCapacity: true)
  }
}
