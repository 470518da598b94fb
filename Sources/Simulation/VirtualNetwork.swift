public import Wire

/// Datagrams under way between simulated peers and a worker, under virtual time. A function of its seed.
public struct VirtualNetwork {
  /// Where a datagram goes: to the worker from a peer, or to that peer.
  public enum Destination: Hashable, Sendable {
    case worker(from: TransportAddress)
    case peer(TransportAddress)
  }

  public struct Delivery {
    public var destination: Destination
    public var datagram: [UInt8]
  }

  private struct Pending {
    var arrival: MediaInstant
    /// Breaks ties, so that order does not depend on the heap.
    var order: UInt64
    var delivery: Delivery
  }

  private var random: SeededRandom
  private var up: [TransportAddress: Link] = [:]
  private var down: [TransportAddress: Link] = [:]
  private var heap: [Pending] = []
  private var order: UInt64 = 0

  public init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// - Parameters:
  ///   - up: from the peer to the worker.
  ///   - down: from the worker to the peer.
  public mutating func connect(
    _ address: TransportAddress, up: LinkConditions, down: LinkConditions
  ) {
    self.up[address] = Link(conditions: up)
    self.down[address] = Link(conditions: down)
  }

  /// Changes the conditions from now on; what is under way is not touched.
  public mutating func change(
    _ address: TransportAddress, up: LinkConditions, down: LinkConditions
  ) {
    self.up[address]?.conditions = up
    self.down[address]?.conditions = down
  }

  /// Sends a datagram on its way; to or from an address that is not connected it is lost.
  public mutating func send(_ datagram: [UInt8], to destination: Destination, now: MediaInstant) {
    let arrivals: [MediaInstant]
    switch destination {
    case .worker(let address):
      arrivals =
        up[address]?.arrivals(of: datagram.count, now: now, random: &random) ?? []
    case .peer(let address):
      arrivals =
        down[address]?.arrivals(of: datagram.count, now: now, random: &random) ?? []
    }
    for arrival in arrivals {
      order += 1
      push(
        Pending(
          arrival: arrival, order: order,
          delivery: Delivery(destination: destination, datagram: datagram)))
    }
  }

  /// When the next datagram arrives.
  public var nextArrival: MediaInstant? { heap.first?.arrival }

  /// The next datagram that has arrived by now.
  public mutating func receive(now: MediaInstant) -> Delivery? {
    guard let first = heap.first, first.arrival <= now else { return nil }
    return pop().delivery
  }

  /// Datagrams sent and lost so far, towards the worker and towards the peer.
  public func losses(
    of address: TransportAddress
  ) -> (up: (offered: UInt64, lost: UInt64), down: (offered: UInt64, lost: UInt64)) {
    let (up, down) = (up[address], down[address])
    return ((up?.offered ?? 0, up?.lost ?? 0), (down?.offered ?? 0, down?.lost ?? 0))
  }

  /// How long a datagram to the peer would wait in front of the bottleneck.
  public func queueDelay(of address: TransportAddress, now: MediaInstant) -> MediaDuration {
    down[address]?.wait(now: now) ?? .zero
  }

  // MARK: Heap

  private static func isBefore(_ a: Pending, _ b: Pending) -> Bool {
    a.arrival == b.arrival ? a.order < b.order : a.arrival < b.arrival
  }

  private mutating func push(_ pending: Pending) {
    heap.append(pending)
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard Self.isBefore(heap[place], heap[parent]) else { return }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  private mutating func pop() -> Pending {
    heap.swapAt(0, heap.count - 1)
    let first = heap.removeLast()
    var place = 0
    while true {
      var child = place * 2 + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, Self.isBefore(heap[child + 1], heap[child]) { child += 1 }
      guard Self.isBefore(heap[child], heap[place]) else { break }
      heap.swapAt(place, child)
      place = child
    }
    return first
  }
}
