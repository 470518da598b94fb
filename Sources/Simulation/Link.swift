internal import Glibc
public import Wire

/// One direction of a path: says when a datagram arrives.
public struct Link: Sendable {
  public var conditions: LinkConditions
  public private(set) var offered: UInt64 = 0
  /// By chance or by the queue.
  public private(set) var lost: UInt64 = 0
  /// By the queue alone.
  public private(set) var dropped: UInt64 = 0
  private var isBad = false
  private var lastArrival: MediaInstant?
  /// When the last of the queue has left.
  private var busyUntil: MediaInstant?
  /// When the next datagram of the others comes.
  private var nextOther: MediaInstant?

  public init(conditions: LinkConditions) { self.conditions = conditions }

  /// When a datagram that is sent now arrives: never, once or twice.
  ///
  /// - Parameters:
  ///   - length: octets that count for the rate.
  ///   - now: not before the last call's.
  public mutating func arrivals(
    of length: Int, now: MediaInstant, random: inout SeededRandom
  ) -> [MediaInstant] {
    offered += 1
    guard !loses(&random) else {
      lost += 1
      return []
    }
    letOthersIn(until: now, &random)
    guard let left = departure(of: length, now: now) else {
      lost += 1
      dropped += 1
      return []
    }
    let jitter = Int64.random(in: 0...max(conditions.jitter.nanoseconds, 0), using: &random)
    var arrival = left + conditions.delay + MediaDuration(nanoseconds: jitter)
    if chance(conditions.reordering, &random) {
      arrival += conditions.reorderDelay
    } else if conditions.keepsOrder {
      arrival = max(arrival, lastArrival ?? arrival)
      lastArrival = arrival
    }
    guard chance(conditions.duplication, &random) else { return [arrival] }
    return [arrival, arrival + .milliseconds(1)]
  }

  private mutating func loses(_ random: inout SeededRandom) -> Bool {
    switch conditions.loss {
    case .none: return false
    case .uniform(let probability): return chance(probability, &random)
    case .bursts(let toBad, let toGood, let whenGood, let whenBad):
      if chance(isBad ? toGood : toBad, &random) { isBad.toggle() }
      return chance(isBad ? whenBad : whenGood, &random)
    }
  }

  /// Octets of a datagram of the others.
  private static let otherLength = 1200

  /// What others have sent by now: at random moments (a Poisson process), lost as ours where the queue is full.
  private mutating func letOthersIn(until now: MediaInstant, _ random: inout SeededRandom) {
    guard conditions.crossTraffic > 0, conditions.rate != nil else {
      nextOther = nil
      return
    }
    let mean = Double(Self.otherLength) * 8 / Double(conditions.crossTraffic)
    var next = nextOther ?? now
    while next <= now {
      _ = departure(of: Self.otherLength, now: next)
      let gap = -mean * log(Double.random(in: .ulpOfOne...1, using: &random))
      next += MediaDuration(nanoseconds: Int64(gap * 1e9))
    }
    nextOther = next
  }

  /// When the datagram has passed the bottleneck; `nil` when its queue is full.
  private mutating func departure(of length: Int, now: MediaInstant) -> MediaInstant? {
    guard let rate = conditions.rate, rate > 0 else { return now }
    let start = max(busyUntil ?? now, now)
    let waiting = (start - now).nanoseconds / 1000 * rate / 8_000_000
    guard waiting + Int64(length) <= Int64(conditions.queue) else { return nil }
    let end = start + MediaDuration(nanoseconds: Int64(length) * 8 * 1_000_000_000 / rate)
    busyUntil = end
    return end
  }

  /// How long a datagram would wait that is sent now.
  public func wait(now: MediaInstant) -> MediaDuration { max((busyUntil ?? now) - now, .zero) }

  private func chance(_ probability: Double, _ random: inout SeededRandom) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }
}
