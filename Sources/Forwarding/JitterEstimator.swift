public import Wire

/// Interarrival jitter as RFC 3550 appendix A.8 computes it, in integers.
///
/// Only packets that came by their own way and in order belong here: a retransmission or a late
/// packet tells of the repair, not of the path. Of the packets of one video frame only the first
/// counts, since the sender spreads the others on purpose.
public struct JitterEstimator: Sendable {
  /// Hz
  public let clockRate: UInt32
  /// Sixteen times the estimate.
  private var scaled: Int64 = 0
  private var last: (transit: UInt32, timestamp: UInt32)?

  public init(clockRate: UInt32) { self.clockRate = clockRate }

  /// In RTP timestamp units, as report blocks carry it.
  public var jitter: UInt32 { UInt32(truncatingIfNeeded: scaled >> 4) }

  public var duration: MediaDuration {
    MediaDuration(nanoseconds: Int64(jitter) &* 1_000_000_000 / Int64(clockRate))
  }

  /// Arrival less timestamp of the newest packet, in units of the latter.
  var transit: UInt32? { last?.transit }

  public mutating func note(timestamp: UInt32, arrival: MediaInstant) {
    if let last, last.timestamp == timestamp { return }
    let transit = RTPClock.ticks(arrival, rate: clockRate) &- timestamp
    if let last {
      let d = Int64(Int32(bitPattern: transit &- last.transit).magnitude)
      scaled &+= d &- ((scaled &+ 8) >> 4)
    }
    last = (transit, timestamp)
  }
}
