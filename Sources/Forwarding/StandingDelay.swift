internal import Wire

/// How long the packets of a stream stand in queues on their way to us: the shortest transit of about
/// a second above the shortest of the last half to one minute. Blind to jitter, as long as some
/// packets are not delayed.
struct StandingDelay {
  static let step: Int64 = 1_000_000_000
  static let baseStep: Int64 = 30_000_000_000
  private static let none = Int64.max

  let clockRate: UInt32
  private var reference: UInt32?
  private var current = none
  private var last = none
  private var sum: Int64 = 0
  private var count: Int64 = 0
  private var lastSpread: Int64 = 0
  private var stepEnd: Int64 = 0
  private var base = none
  private var lastBase = none
  private var baseEnd: Int64 = 0

  init(clockRate: UInt32) { self.clockRate = clockRate }

  /// Never negative; zero until something is known.
  var duration: MediaDuration {
    let floor = min(base, lastBase)
    guard last != Self.none, floor != Self.none else { return .zero }
    let ticks = min(max(min(last, current) &- floor, 0), Int64(clockRate) &* 60)
    return MediaDuration(nanoseconds: ticks &* 1_000_000_000 / Int64(clockRate))
  }

  /// How much longer than the shortest of the same second packets took on average, those that others
  /// overtook too: what a jitter buffer has to bear, and what RFC 3550 jitter hides where packets keep
  /// their order.
  var spread: MediaDuration {
    let ticks = min(max(lastSpread, 0), Int64(clockRate) &* 60)
    return MediaDuration(nanoseconds: ticks &* 1_000_000_000 / Int64(clockRate))
  }

  /// A packet that was overtaken: never the shortest.
  mutating func noteLate(transit: UInt32) {
    guard let reference else { return }
    sum &+= Int64(Int32(bitPattern: transit &- reference))
    count &+= 1
  }

  /// - Parameter transit: arrival less RTP timestamp, in units of the latter.
  mutating func note(transit: UInt32, arrival: MediaInstant) {
    let now = arrival.nanoseconds
    guard let reference else {
      self.reference = transit
      stepEnd = now &+ Self.step
      baseEnd = now &+ Self.baseStep
      return
    }
    let delay = Int64(Int32(bitPattern: transit &- reference))
    if now >= stepEnd {
      lastSpread = count > 0 && current != Self.none ? sum / count &- current : 0
      (sum, count) = (0, 0)
      last = current
      current = Self.none
      stepEnd = now &+ Self.step
      if now >= baseEnd {
        lastBase = base
        base = Self.none
        baseEnd = now &+ Self.baseStep
      }
    }
    sum &+= delay
    count &+= 1
    current = min(current, delay)
    base = min(base, delay)
  }
}
