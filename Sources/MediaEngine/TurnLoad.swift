internal import Synchronization
public import Wire

/// How long the turns of a worker take: what a packet waits at most for those before it, from being
/// read to being sent. Kept by the worker's thread, looked at by others.
public final class TurnLoad: Sendable {
  /// Upper bounds of `Figures.turns`, microseconds; the last bin has none.
  public static let bounds: [Int64] = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]

  /// What is late by less than this is of no account.
  public static let patience = MediaDuration.milliseconds(20)

  public struct Figures: Hashable, Sendable {
    /// In place: the worker's thread publishes it every second while others hold what they read.
    private var counts = InlineArray<11, UInt64>(repeating: 0)
    /// In turns, since the start.
    public var busy = MediaDuration.zero
    /// By which turns came or took too long, each by more than `TurnLoad.patience`: the machine
    /// had no time for the worker.
    public private(set) var late = MediaDuration.zero

    public init() {}

    /// Turns by their length.
    public var turns: [UInt64] { counts.indices.map { counts[$0] } }

    public static func == (a: Self, b: Self) -> Bool {
      a.busy == b.busy && a.late == b.late
        && a.counts.indices.allSatisfy { a.counts[$0] == b.counts[$0] }
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(busy)
      hasher.combine(late)
      for i in counts.indices { hasher.combine(counts[i]) }
    }

    /// A turn came so much after it was due, or took so long.
    @inline(__always)
    public mutating func note(wait: MediaDuration) {
      if wait > TurnLoad.patience { late = late + wait }
    }

    /// A turn that did something.
    @inline(__always)
    public mutating func note(_ length: MediaDuration) {
      busy = busy + length
      note(wait: length)
      let micros = length.microseconds
      var bin = 0
      while bin < TurnLoad.bounds.count, micros > TurnLoad.bounds[bin] { bin &+= 1 }
      counts[bin] &+= 1
    }
  }

  private let published = Mutex(Figures())

  public init() {}

  public var figures: Figures { published.withLock { $0 } }

  public func publish(_ figures: Figures) { published.withLock { $0 = figures } }
}
