public import Wire

/// What one received RTP stream looks like: validity of its sequence numbers, loss and jitter
/// (RFC 3550 appendices A.1, A.3 and A.8), and the extension of its sequence numbers to the indices
/// that the rest of forwarding counts in.
///
/// An index is 64 bits wide, its low 16 bits are the sequence number on the wire, and it never goes
/// back: when the stream restarts (another SSRC, or a jump), its indices start well above all
/// earlier ones.
public struct ReceptionStatistics: Sendable {
  public enum Verdict: Equatable, Sendable {
    case accepted(index: Int64)
    /// A jump: taken when the next packet continues it, until then the packet is dropped
    /// (`MAX_DROPOUT` of RFC 3550 appendix A.1).
    case suspended
    /// The stream begins anew with this packet; nothing relates it to what was before.
    case restarted(index: Int64)
  }

  /// Ahead of the newest packet by this much or more is a jump.
  static let maximumDropout: UInt16 = 3000
  /// Behind it by more than this is a jump too. Retransmissions come late; the history is not longer.
  static let maximumMisorder: UInt16 = 2048

  /// So far ahead of the newest packet a retransmission is believed.
  static let maximumLead: Int16 = 128

  public private(set) var jitter: JitterEstimator
  /// The newest index, `nil` before the first packet.
  public private(set) var highest: Int64?
  public private(set) var received: UInt64 = 0
  /// How losses lie; what comes late counts as lost.
  public private(set) var losses = BurstGapCounts()
  private var standing: StandingDelay

  private var base: Int64 = 0
  private var cycleBase: Int64 = 0
  private var expectedSequence: UInt16?
  private var priorExpected: Int64 = 0
  private var priorReceived: UInt64 = 0
  private var lastReport: (middle32: UInt32, arrival: MediaInstant)?
  private var isFresh = true

  /// - Parameter clockRate: Hz.
  public init(clockRate: UInt32) {
    jitter = JitterEstimator(clockRate: clockRate)
    standing = StandingDelay(clockRate: clockRate)
  }

  /// How much older the newest packet was as it came than one that left at once and took no time;
  /// all streams of a sender are off by the same.
  ///
  /// - Parameters:
  ///   - expected: the sender's RTP time of `now`, by its reports.
  func lag(expected: UInt32, now: MediaInstant) -> MediaDuration? {
    guard let transit = jitter.transit else { return nil }
    let base = RTPClock.ticks(now, rate: jitter.clockRate) &- transit
    let ticks = Int64(Int32(bitPattern: expected &- base))
    return MediaDuration(nanoseconds: ticks &* 1_000_000_000 / Int64(jitter.clockRate))
  }

  /// How long packets stand in queues on the way to us.
  public var queue: MediaDuration { standing.duration }

  /// How much their time on the way varies, over about a second.
  public var spread: MediaDuration { standing.spread }

  /// The next packet belongs to another stream.
  public mutating func restart() {
    isFresh = true
    lastReport = nil
  }

  /// Takes note of a packet that arrived by its own way, not as a retransmission.
  public mutating func note(
    sequenceNumber: UInt16, timestamp: UInt32, arrival: MediaInstant
  ) -> Verdict {
    guard !isFresh, let highest else {
      return .restarted(index: begin(sequenceNumber, timestamp, arrival))
    }
    let newest = UInt16(truncatingIfNeeded: highest)
    let ahead = sequenceNumber &- newest
    if ahead < Self.maximumDropout {
      let index = highest &+ Int64(ahead)
      if ahead > 0 {
        self.highest = index
        jitter.note(timestamp: timestamp, arrival: arrival)
        if let transit = jitter.transit { standing.note(transit: transit, arrival: arrival) }
        if ahead > 1 { losses.noteLost(Int(ahead) &- 1) }
        losses.noteReceived()
      }
      received &+= 1
      return .accepted(index: index)
    }
    let behind = newest &- sequenceNumber
    if behind <= Self.maximumMisorder {
      standing.noteLate(transit: RTPClock.ticks(arrival, rate: jitter.clockRate) &- timestamp)
      received &+= 1
      return .accepted(index: highest &- Int64(behind))
    }
    guard sequenceNumber == expectedSequence else {
      expectedSequence = sequenceNumber &+ 1
      return .suspended
    }
    return .restarted(index: begin(sequenceNumber, timestamp, arrival))
  }

  /// The index of a sequence number near the newest, for a packet that came as a retransmission:
  /// it counts neither as received nor for jitter.
  public func index(of sequenceNumber: UInt16) -> Int64? {
    guard !isFresh, let highest else { return nil }
    let step = Int16(bitPattern: sequenceNumber &- UInt16(truncatingIfNeeded: highest))
    // A retransmission of something not yet seen is ahead by little, if at all.
    guard step <= Self.maximumLead, step >= -Int16(Self.maximumMisorder) else { return nil }
    let index = highest &+ Int64(step)
    return index >= base ? index : nil
  }

  public mutating func noteSenderReport(_ ntp: NTPTimestamp, arrival: MediaInstant) {
    lastReport = (ntp.middle32, arrival)
  }

  /// Packets of this stream that never came by their own way; negative when some came twice.
  public var lost: Int64 { expected &- Int64(truncatingIfNeeded: received) }

  private var expected: Int64 {
    guard let highest, !isFresh else { return 0 }
    return highest &- base &+ 1
  }

  /// A report block (RFC 3550 section 6.4.1) about what came since the last one; `nil` before the
  /// first packet.
  public mutating func makeReportBlock(ssrc: SSRC, now: MediaInstant) -> ReportBlock? {
    guard let highest, !isFresh else { return nil }
    let expectedInterval = expected &- priorExpected
    let receivedInterval = Int64(truncatingIfNeeded: received &- priorReceived)
    priorExpected = expected
    priorReceived = received
    let lostInterval = expectedInterval &- receivedInterval
    var fraction: UInt8 = 0
    if expectedInterval > 0, lostInterval > 0 {
      fraction = UInt8(truncatingIfNeeded: min(255, (lostInterval << 8) / expectedInterval))
    }
    let cumulative = Int32(truncatingIfNeeded: max(-0x80_0000, min(0x7F_FFFF, lost)))
    var delay: UInt32 = 0
    if let lastReport { delay = (now - lastReport.arrival).compactNTP }
    return ReportBlock(
      ssrc: ssrc, fractionLost: fraction, cumulativeLost: cumulative,
      extendedHighest: UInt32(truncatingIfNeeded: highest &- cycleBase), jitter: jitter.jitter,
      lastSR: lastReport?.middle32 ?? 0, delaySinceLastSR: delay)
  }

  private mutating func begin(
    _ sequenceNumber: UInt16, _ timestamp: UInt32, _ arrival: MediaInstant
  ) -> Int64 {
    // Two cycles above: packets from before the restart and late ones of the new stream never meet.
    let cycle = ((highest ?? 0) >> 16) &+ 2
    let index = cycle << 16 | Int64(sequenceNumber)
    highest = index
    base = index
    cycleBase = cycle << 16
    received = 1
    priorExpected = 0
    priorReceived = 0
    expectedSequence = nil
    isFresh = false
    jitter = JitterEstimator(clockRate: jitter.clockRate)
    standing = StandingDelay(clockRate: jitter.clockRate)
    jitter.note(timestamp: timestamp, arrival: arrival)
    return index
  }
}
