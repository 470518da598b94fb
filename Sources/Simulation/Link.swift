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
