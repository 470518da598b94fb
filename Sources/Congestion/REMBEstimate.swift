public import Wire

/// The estimate for a peer that sends no transport-wide feedback: its REMB
/// (draft-alvestrand-rmcat-remb-03), bounded by the loss in its receiver reports
/// (draft-ietf-rmcat-gcc-02 section 6: above 10 % loss the rate is cut by half of it, below 2 % it grows
/// by 5 % a report).
///
/// Deviations: what the publisher lost on its way to us shows in the reports of the viewers too,
/// and is subtracted; the bound is cut at most three times a second, whatever the number of reports;
/// without any REMB the bound alone counts. A REMB that is not renewed for 10 s no longer counts.
public struct REMBEstimate: Sendable {
  static let highLoss = 0.1
  static let lowLoss = 0.02
  static let growth = 1.05
  static let cutInterval = MediaDuration.milliseconds(333)
  static let growthInterval = MediaDuration.milliseconds(900)
  static let validity = MediaDuration.seconds(10)

  private var reported: Double?
  private var reportedAt: MediaInstant?
  private var bound: Double
  private var lastCut: MediaInstant?
  private var lastGrowth: MediaInstant?

  /// - Parameter start: bits/s.
  public init(start: Int) { bound = Double(start) }

  /// - Parameter bitrate: as the peer wrote it; any number.
  public mutating func receive(remb bitrate: UInt64, at now: MediaInstant) {
    reported = Double(bitrate)
    reportedAt = now
  }

  /// - Parameters:
  ///   - fractionLost: of a report block, in 1/256.
  ///   - upstreamLoss: share that was lost before it came to us, 0...1.
  ///   - sending: what we send to the peer, bits/s: the bound grows no further than 1.5 times it.
  public mutating func receive(
    fractionLost: UInt8, upstreamLoss: Double, sending: Double, at now: MediaInstant
  ) {
    let upstream = upstreamLoss > 0 && upstreamLoss < 1 ? upstreamLoss : 0
    let seen = Double(fractionLost) / 256
    let loss = max(0, (seen - upstream) / (1 - upstream))
    if loss > Self.highLoss {
      if let lastCut, now - lastCut < Self.cutInterval { return }
      bound *= 1 - 0.5 * loss
      lastCut = now
    } else if loss < Self.lowLoss {
      if let lastGrowth, now - lastGrowth < Self.growthInterval { return }
      if bound < 1.5 * sending + 10_000 { bound *= Self.growth }
      lastGrowth = now
    }
  }

  /// Bits/s within the bounds.
  public mutating func estimate(
    within bounds: ClosedRange<Double>, at now: MediaInstant
  ) -> Double {
    bound = min(max(bound, bounds.lowerBound), bounds.upperBound)
    guard let remb = cap(at: now) else { return bound }
    // The peer measures delay, we only loss: its word counts both ways, as long as loss is low.
    if remb > bound, lastCut.map({ now - $0 > .seconds(2) }) ?? true { bound = remb }
    return min(max(min(remb, bound), bounds.lowerBound), bounds.upperBound)
  }

  /// The peer's REMB while it is valid, bits/s.
  public func cap(at now: MediaInstant) -> Double? {
    guard let reported, let reportedAt, now - reportedAt <= Self.validity else { return nil }
    return reported
  }
}
