internal import Simulation
internal import Wire

/// One direction of one participant's path: the link, and what it did.
///
/// The chances of each datagram are drawn from its number alone, so that the same seed loses the same
/// ones, whatever became of others and when they were sent.
struct PathLink {
  /// Of IPv4 and UDP: a path carries these too.
  static let overhead = 28
  static let slice = MediaDuration.milliseconds(100)

  /// A tenth of a second.
  struct Slice: Sendable, Codable, Equatable {
    /// Octets that came through the bottleneck.
    var passed = 0
    /// The longest wait before it, milliseconds.
    var wait = 0.0
  }

  /// Datagrams by what they are.
  struct Counts: Sendable, Equatable {
    var offered = 0
    /// By chance.
    var lost = 0
    /// By a full queue.
    var dropped = 0
    /// Video and its retransmissions among both.
    var videoLost = 0
  }

  private var link: Link
  private let seed: UInt64
  private var number: UInt64 = 0
  private(set) var origin: MediaInstant?
  private(set) var slices: [Slice] = []
  private(set) var counts = Counts()
  private var last = MediaInstant(nanoseconds: 0)

  init(_ before: LinkConditions, seed: UInt64) {
    link = Link(conditions: before)
    self.seed = seed
  }

  /// The scenario begins: numbers count from here.
  mutating func begin(at now: MediaInstant) {
    origin = now
    number = 0
    counts = Counts()
    slices = []
  }

  /// - Parameters:
  ///   - length: octets of UDP payload.
  ///   - conditions: as they are now.
  /// - Returns: when the datagram arrives: never, once or twice.
  mutating func offer(
    _ length: Int, isVideo: Bool, conditions: LinkConditions, now: MediaInstant
  ) -> [MediaInstant] {
    link.conditions = conditions
    number += 1
    var random = SeededRandom(seed: seed &+ number &* 0x9E37_79B9_7F4A_7C15)
    let (lost, dropped) = (link.lost, link.dropped)
    // The time stands still where a clock would run back.
    last = max(last, now)
    let arrivals = link.arrivals(of: length + Self.overhead, now: last, random: &random)
    counts.offered += 1
    if link.dropped > dropped {
      counts.dropped += 1
    } else if link.lost > lost {
      counts.lost += 1
    }
    if arrivals.isEmpty {
      if isVideo { counts.videoLost += 1 }
    } else {
      note(length + Self.overhead)
    }
    return arrivals
  }

  /// What passed counts when it leaves the bottleneck.
  private mutating func note(_ octets: Int) {
    guard let origin else { return }
    let wait = link.wait(now: last)
    let place = Int((last + wait - origin).nanoseconds / Self.slice.nanoseconds)
    // An hour is enough.
    guard place >= 0, place < 36_000 else { return }
    while slices.count <= place { slices.append(Slice()) }
    slices[place].passed += octets
    slices[place].wait = max(slices[place].wait, wait.seconds * 1000)
  }
}

extension [PathLink.Slice] {
  /// Those of an interval, seconds since the beginning.
  private func within(_ from: Double, _ to: Double) -> ArraySlice<PathLink.Slice> {
    let first = Swift.min(Swift.max(0, Int((from * 10).rounded())), count)
    return self[first..<Swift.min(count, Swift.max(first, Int((to * 10).rounded())))]
  }

  /// The longest wait, milliseconds.
  func wait(_ from: Double, _ to: Double) -> Double { within(from, to).map(\.wait).max() ?? 0 }

  /// kbit/s
  func passed(_ from: Double, _ to: Double) -> Double {
    guard to > from else { return 0 }
    return Double(within(from, to).reduce(0) { $0 + $1.passed }) * 8e-3 / (to - from)
  }

  /// Seconds from `start` after which no wait is longer than so many milliseconds, up to `end`; `nil`
  /// when that never comes.
  func settled(below limit: Double, from start: Double, to end: Double) -> Double? {
    let waits = Array<PathLink.Slice>(within(start, end))
    guard let last = waits.lastIndex(where: { $0.wait >= limit }) else { return 0 }
    return last == waits.count - 1 ? nil : Double(last + 1) / 10
  }
}
