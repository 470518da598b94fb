internal import Wire

/// A track as it arrives: the audit of its packets, the statistics of its receiver reports, what it
/// misses.
struct InboundStream: ~Copyable {
  /// Gaps beyond this are not worth asking for.
  static let nackLimit = 300
  static let nackAttempts = 10

  struct Missing {
    var sequence: Int64
    var asked: MediaInstant
    var attempts: Int
  }

  let plan: InboundPlan
  let mid: MediaIdentificationTag?
  var ssrc: SSRC?
  var retransmissionSSRC: SSRC?

  var audit = SequenceAudit()
  /// Of the track that is heard here.
  var sourceTag: UInt32?
  var firstPacket: MediaInstant?
  var firstKeyframe: MediaInstant?
  let created: MediaInstant

  // RFC 3550 appendix A.
  private var unwrapper = SequenceUnwrapper()
  private var base: Int64?
  private(set) var highest: Int64 = 0
  private var received: Int64 = 0
  private var expectedBefore: Int64 = 0
  private var receivedBefore: Int64 = 0
  private var jitter: Double = 0
  private var lastTransit: Double?
  var lastReport: (middle: UInt32, arrival: MediaInstant)?

  var missing: [Missing] = []
  var wantsKeyframe = false
  var lastKeyframeRequest: MediaInstant?
  /// For whoever judges what came.
  var recording: StreamRecording?

  init(_ plan: InboundPlan, now: MediaInstant) {
    self.plan = plan
    mid = MediaIdentificationTag(plan.mid)
    ssrc = plan.ssrc
    retransmissionSSRC = plan.retransmission?.ssrc
    created = now
  }

  var clockRate: Double { plan.isVideo ? 90_000 : 48_000 }

  /// A packet of the stream itself. Returns whether it tore a gap that is worth a NACK.
  mutating func note(_ packet: RTPPacket, arrival: MediaInstant) -> Bool {
    let before = unwrapper.highest
    let sequence = unwrapper.unwrap(packet.sequenceNumber)
    received += 1
    if base == nil { base = sequence }
    base = min(base ?? sequence, sequence)
    highest = max(highest, sequence)
    if before == nil { highest = sequence }
    let transit =
      Double(arrival.nanoseconds) / 1e9 * clockRate - Double(packet.timestamp)
    if let lastTransit {
      // The RTP timestamp wraps: such a step is not jitter.
      let step = abs(transit - lastTransit)
      if step < clockRate * 10 { jitter += (step - jitter) / 16 }
    }
    lastTransit = transit
    guard let before, plan.usesNACK else { return false }
    if sequence < before {
      if !missing.isEmpty { arrived(sequence) }
      return false
    }
    guard sequence > before + 1 else { return false }
    if sequence - before > Int64(Self.nackLimit) || missing.count > Self.nackLimit {
      missing.removeAll()
      wantsKeyframe = plan.isVideo
      return false
    }
    for lost in (before + 1)..<sequence {
      missing.append(Missing(sequence: lost, asked: arrival, attempts: 0))
    }
    return true
  }

  /// A retransmission of this number came.
  mutating func noteRetransmission(of sequenceNumber: UInt16) {
    recording?.note(retransmissionOf: sequenceNumber, near: highest)
    arrived(unwrapper.peek(sequenceNumber))
  }

  private mutating func arrived(_ sequence: Int64) {
    if let place = missing.firstIndex(where: { $0.sequence == sequence }) {
      missing.remove(at: place)
    }
  }

  /// What to ask for now: what was never asked for, and what was long ago.
  mutating func sequencesToAsk(now: MediaInstant, retry: MediaDuration) -> [UInt16] {
    var ask: [UInt16] = []
    var gaveUp = false
    for i in missing.indices
    where missing[i].attempts == 0 || now - missing[i].asked >= retry {
      missing[i].attempts += 1
      missing[i].asked = now
      if missing[i].attempts > Self.nackAttempts {
        gaveUp = true
      } else {
        ask.append(UInt16(truncatingIfNeeded: missing[i].sequence))
      }
    }
    recording?.note(asked: ask, near: highest)
    if gaveUp {
      missing.removeAll { $0.attempts > Self.nackAttempts }
      // A browser waits whether pictures go on: `StreamRecording.isStuck`.
      wantsKeyframe = plan.isVideo && recording == nil
    }
    return ask
  }

  /// A report block (RFC 3550 appendix A.3); begins the next interval. `nil` before the first packet.
  mutating func report(now: MediaInstant) -> ReportBlock? {
    guard let base, let ssrc else { return nil }
    let expected = highest - base + 1
    let expectedNow = expected - expectedBefore
    let lostNow = expectedNow - (received - receivedBefore)
    expectedBefore = expected
    receivedBefore = received
    let fraction = expectedNow > 0 && lostNow > 0 ? min(255, lostNow * 256 / expectedNow) : 0
    return ReportBlock(
      ssrc: ssrc, fractionLost: UInt8(fraction),
      cumulativeLost: Int32(clamping: expected - received),
      extendedHighest: UInt32(truncatingIfNeeded: highest), jitter: UInt32(jitter),
      lastSR: lastReport?.middle ?? 0,
      delaySinceLastSR: lastReport.map { (now - $0.arrival).compactNTP } ?? 0)
  }
}
