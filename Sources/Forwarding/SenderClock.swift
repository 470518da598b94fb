public import Wire

/// A publisher's wall clock in terms of ours.
///
/// One for all publications of a peer: their sender reports are told to viewers with the same
/// offset, so that sound and picture keep the distance that the publisher gave them, whatever the
/// network did to single reports. Set by the first report; anew only when the publisher's clock
/// was stepped.
public struct SenderClock: Sendable {
  /// Beyond this a difference is a step of the clock, not the way of a report.
  static let step: MediaDuration = .seconds(2)

  /// What must be added to our time to give the publisher's.
  public private(set) var offset: MediaDuration?

  public init() {}

  /// - Parameters:
  ///   - ntp: from a sender report.
  ///   - local: our own time when it came.
  public mutating func note(_ ntp: NTPTimestamp, local: NTPTimestamp) {
    let sample = ntp.since(local)
    if let offset {
      let difference = sample.nanoseconds.subtractingReportingOverflow(offset.nanoseconds)
      if !difference.overflow, difference.partialValue.magnitude < UInt64(Self.step.nanoseconds) {
        return
      }
    }
    offset = sample
  }
}

/// An instant that a publisher named in two clocks: its wall clock and the RTP clock of a stream
/// (RFC 3550 section 6.4.1).
struct SenderReportMapping {
  var ntp: NTPTimestamp
  var timestamp: UInt32

  /// The RTP time of another instant of the publisher's wall clock.
  func timestamp(at ntp: NTPTimestamp, clockRate: UInt32) -> UInt32 {
    timestamp &+ RTPClock.ticks(ntp.since(self.ntp), rate: clockRate)
  }
}
