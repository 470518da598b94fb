internal import Wire

/// How often transport-wide feedback is sent: often enough for the sender's estimator, and for at
/// most a twentieth of what it reports on.
struct FeedbackPacing {
  static let shortest = MediaDuration.milliseconds(50)
  /// Not rarer even where it costs more (audio alone): a sender takes silence for congestion.
  static let longest = MediaDuration.milliseconds(250)
  static let initial = MediaDuration.milliseconds(100)
  /// Feedback octets are to media octets as 1 to this.
  static let share: Int64 = 20
  /// IPv4, UDP, and the SRTCP index and tag around a feedback packet.
  static let overhead: Int64 = 20 + 8 + 4 + 16

  private(set) var interval = initial
  private var lastRound: MediaInstant?
  /// Since the last round: when it began, octets in and out.
  private var roundStart: MediaInstant?
  private var received: Int64 = 0
  private var sent: Int64 = 0
  /// Octets a second, smoothed; 0 = not known.
  private var rate: Int64 = 0

  mutating func received(length: Int, at now: MediaInstant) {
    if roundStart == nil { roundStart = now }
    received &+= Int64(length)
  }

  mutating func sent(length: Int) {
    sent &+= Int64(length) &+ Self.overhead
  }

  /// When the feedback on a packet that arrives now is due.
  func deadline(now: MediaInstant) -> MediaInstant {
    guard let lastRound else { return now + interval }
    return max(lastRound + interval, now)
  }

  /// All that arrived is reported.
  mutating func completeRound(now: MediaInstant) {
    // The rate is measured from one round to the next; a first round has only its own packets.
    if let start = lastRound ?? roundStart, sent > 0 {
      let elapsed = now - start
      if elapsed > .zero {
        let seconds = elapsed.seconds
        // Bounded before the conversion, whatever was counted.
        let sample = Int64(min(Double(received) / seconds, 1e10))
        rate = rate == 0 ? sample : (rate &* 3 &+ sample) / 4
      }
      if rate > 0 {
        let needed = min(sent &* Self.share, 1_000_000_000) &* 1_000_000_000 / rate
        interval = min(max(MediaDuration(nanoseconds: needed), Self.shortest), Self.longest)
      }
    }
    lastRound = now
    roundStart = nil
    received = 0
    sent = 0
  }
}
