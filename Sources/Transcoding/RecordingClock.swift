public import Wire

/// Where the packets of one stream stand on our clock: by the publisher's sender reports, which keep sound and
/// picture of one publisher at the distance that it gave them; before the first report by when packets come.
public struct RecordingClock: Hashable, Sendable {
  /// Farther than this from its arrival nothing was captured: the report or the timestamps are wrong.
  static let reach = MediaDuration.seconds(10)
  /// By so much arrivals may leave what was guessed from an earlier one.
  static let drift = MediaDuration.seconds(1)

  private struct Anchor: Hashable, Sendable {
    var source: SSRC?
    var instant: MediaInstant
    var timestamp: UInt32
  }

  /// Ticks a second of the RTP clock.
  public let clockRate: UInt32
  private var reported: Anchor?
  private var guessed: Anchor?

  public init(clockRate: UInt32) {
    precondition(clockRate > 0)
    self.clockRate = clockRate
  }

  /// The publisher captured what has this RTP time at this instant of our clock.
  public mutating func note(_ timestamp: UInt32, at instant: MediaInstant, source: SSRC) {
    reported = Anchor(source: source, instant: instant, timestamp: timestamp)
  }

  /// - Parameters:
  ///   - source: of the packet; another one has another RTP clock.
  ///   - arrival: when the packet came.
  public mutating func instant(
    of timestamp: UInt32, source: SSRC?, arrival: MediaInstant
  ) -> MediaInstant {
    if let reported, reported.source == source {
      let instant = self.instant(of: timestamp, by: reported)
      if Self.isNear(instant, arrival, Self.reach) { return instant }
    }
    if let guessed, guessed.source == source {
      let instant = self.instant(of: timestamp, by: guessed)
      if Self.isNear(instant, arrival, Self.drift) { return instant }
    }
    guessed = Anchor(source: source, instant: arrival, timestamp: timestamp)
    return arrival
  }

  private func instant(of timestamp: UInt32, by anchor: Anchor) -> MediaInstant {
    let ticks = Int64(Int32(bitPattern: timestamp &- anchor.timestamp))
    return anchor.instant
      + MediaDuration(nanoseconds: ticks * 1_000_000_000 / Int64(clockRate))
  }

  private static func isNear(
    _ one: MediaInstant, _ other: MediaInstant, _ span: MediaDuration
  ) -> Bool {
    (one - other).nanoseconds.magnitude < span.nanoseconds.magnitude
  }
}
