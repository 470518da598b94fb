public import Wire

/// How one direction of a path treats datagrams.
public struct LinkConditions: Hashable, Sendable {
  public enum Loss: Hashable, Sendable {
    case none
    /// Each datagram by itself.
    case uniform(Double)
    /// Two states (Gilbert and Elliott): the chance to turn bad and to turn good before each
    /// datagram, and the loss in either state.
    case bursts(toBad: Double, toGood: Double, whenGood: Double, whenBad: Double)
  }

  public var loss: Loss
  /// One way.
  public var delay: MediaDuration
  /// Added to the delay, between zero and this; keeps the order of datagrams.
  public var jitter: MediaDuration
  /// The chance that a datagram is held back by `reorderDelay`, so that later ones overtake it.
  public var reordering: Double
  public var reorderDelay: MediaDuration
  /// The chance that a datagram comes twice.
  public var duplication: Double
  /// Bits a second; `nil` = no limit.
  public var rate: Int64?
  /// Octets that wait for the rate at most; the rest is dropped.
  public var queue: Int

  public init(
    loss: Loss = .none, delay: MediaDuration = .milliseconds(20), jitter: MediaDuration = .zero,
    reordering: Double = 0, reorderDelay: MediaDuration = .milliseconds(8),
    duplication: Double = 0, rate: Int64? = nil, queue: Int = 200_000
  ) {
    self.loss = loss
    self.delay = delay
    self.jitter = jitter
    self.reordering = reordering
    self.reorderDelay = reorderDelay
    self.duplication = duplication
    self.rate = rate
    self.queue = queue
  }

  public static let perfect = LinkConditions()
}

/// One direction of a path: says when a datagram arrives.
struct Link {
  var conditions: LinkConditions
  private(set) var offered: UInt64 = 0
  private(set) var lost: UInt64 = 0
  private var isBad = false
  private var lastArrival: MediaInstant?
  /// When the last of the queue has left.
  private var busyUntil: MediaInstant?

  init(conditions: LinkConditions) { self.conditions = conditions }

  /// When a datagram that is sent now arrives: never, once or twice.
  mutating func arrivals(
    of length: Int, now: MediaInstant, random: inout SeededRandom
  ) -> [MediaInstant] {
    offered += 1
    guard !loses(&random), let left = departure(of: length, now: now) else {
      lost += 1
      return []
    }
    let jitter = Int64.random(in: 0...max(conditions.jitter.nanoseconds, 0), using: &random)
    var arrival = left + conditions.delay + MediaDuration(nanoseconds: jitter)
    if chance(conditions.reordering, &random) {
      arrival += conditions.reorderDelay
    } else {
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
  func wait(now: MediaInstant) -> MediaDuration { max((busyUntil ?? now) - now, .zero) }

  private func chance(_ probability: Double, _ random: inout SeededRandom) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }
}
