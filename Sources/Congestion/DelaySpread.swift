internal import Wire

/// How much longer than the shortest of a second packets of sound took on average, those that others overtook
/// too: what a receiver's jitter buffer has to bear. Reports (RFC 3550) leave out what was overtaken.
///
/// A queue that fills makes packets of one second differ, too: what even the shortest stood in it is taken off.
struct DelaySpread {
  static let step: Int64 = 1_000_000
  static let baseStep: Int64 = 15_000_000
  /// Fewer tell nothing.
  static let leastPackets: Int64 = 10
  private static let none = Int64.max

  private var least = none
  private var sum: Int64 = 0
  private var count: Int64 = 0
  private var end = Int64.min
  private var base = none
  private var lastBase = none
  private var baseEnd = Int64.min

  /// Of the last whole second; zero until something is known.
  private(set) var value = MediaDuration.zero

  /// - Parameters:
  ///   - sent: microseconds.
  ///   - arrived: the same on the receiver's clock.
  mutating func add(sent: Int64, arrived: Int64) {
    if arrived >= end {
      if count >= Self.leastPackets {
        let stood = least &- min(base, lastBase)
        value = .microseconds(min(max(sum / count &- least &- stood, 0), QueueDelay.clockJump))
      }
      (least, sum, count) = (Self.none, 0, 0)
      end = arrived &+ Self.step
      if arrived >= baseEnd {
        (lastBase, base) = (base, Self.none)
        baseEnd = arrived &+ Self.baseStep
      }
    }
    let delay = arrived &- sent
    least = min(least, delay)
    base = min(base, delay)
    sum &+= delay
    count &+= 1
  }
}
