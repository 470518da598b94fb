internal import Synchronization
public import Wire

/// How long the turns of a worker take: what a packet waits at most for those before it, from being
/// read to being sent. Kept by the worker's thread, looked at by others.
public final class TurnLoad: Sendable {
  /// Upper bounds of `Figures.turns`, microseconds; the last bin has none.
  public static let bounds: [Int64] = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]

  public struct Figures: Hashable, Sendable {
    /// Turns by their length.
    public var turns = [UInt64](repeating: 0, count: TurnLoad.bounds.count + 1)
    /// In turns, since the start.
    public var busy = MediaDuration.zero

    public init() {}
  }

  private let published = Mutex(Figures())

  public init() {}

  public var figures: Figures { published.withLock { $0 } }

  public func publish(_ figures: Figures) { published.withLock { $0 = figures } }
}

extension TurnLoad.Figures {
  /// A turn that did something.
  @inline(__always)
  public mutating func note(_ length: MediaDuration) {
    busy = busy + length
    let micros = length.microseconds
    var bin = 0
    while bin < TurnLoad.bounds.count, micros > TurnLoad.bounds[bin] { bin &+= 1 }
    turns[bin] &+= 1
  }
}
