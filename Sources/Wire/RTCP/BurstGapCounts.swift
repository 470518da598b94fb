/// How losses of a stream lie: alone in gaps, or together in bursts. The counts of the four-state model
/// of RFC 3611 appendix A.2, and the figures of its VoIP metrics block (section 4.7.2).
public struct BurstGapCounts: Hashable, Sendable {
  /// Packets that must come between two losses that are in a gap (`Gmin`).
  public static let gapMinimum: UInt64 = 16

  /// Transitions by the states of the model: 1 gap and received, 2 burst and received, 3 burst and lost,
  /// 4 gap and lost.
  public private(set) var c11: UInt64 = 0
  public private(set) var c13: UInt64 = 0
  public private(set) var c14: UInt64 = 0
  public private(set) var c22: UInt64 = 0
  public private(set) var c23: UInt64 = 0
  public private(set) var c33: UInt64 = 0
  /// Packets since the last loss.
  @usableFromInline var run: UInt64 = 0
  /// Losses of what may be a burst.
  private var together: UInt64 = 0

  public init() {}

  @inlinable
  public mutating func noteReceived() { run &+= 1 }

  /// - Parameter count: lost one after the other; more than some thousands are counted as those.
  public mutating func noteLost(_ count: Int) {
    for _ in 0..<min(max(count, 0), 4096) { noteLoss() }
  }

  private mutating func noteLoss() {
    if run >= Self.gapMinimum {
      if together == 1 { c14 &+= 1 } else { c13 &+= 1 }
      together = 1
      c11 &+= run
    } else {
      together &+= 1
      if run == 0 {
        c33 &+= 1
      } else {
        c23 &+= 1
        c22 &+= run &- 1
      }
    }
    run = 0
  }

  /// Share of packets lost within bursts, 0...1.
  public var burstDensity: Double {
    let (c22, c23) = (Double(self.c22), Double(self.c23))
    let (c31, c32, c33) = (Double(c13), Double(self.c23), Double(self.c33))
    guard c31 + c32 + c33 > 0 else { return 0 }
    let p32 = c32 / (c31 + c32 + c33)
    let p23 = c22 + c23 < 1 ? 1 : 1 - c22 / (c22 + c23)
    return p23 + p32 > 0 ? p23 / (p23 + p32) : 0
  }

  /// Share of packets lost within gaps, 0...1.
  public var gapDensity: Double {
    let sum = Double(c11 &+ c14)
    return sum > 0 ? Double(c14) / sum : 0
  }

  /// Packets of a gap and of a burst, on average; `nil` before the first burst.
  public var meanLengths: (gap: Double, burst: Double)? {
    guard c13 > 0 else { return nil }
    let total = Double(c11 &+ c14 &+ c13 &+ c22 &+ c23 &+ c23 &+ c13 &+ c33)
    let gap = Double(c11 &+ c14 &+ c13) / Double(c13)
    return (gap, total / Double(c13) - gap)
  }
}
