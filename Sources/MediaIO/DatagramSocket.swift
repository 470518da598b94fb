internal import CDatagram
internal import Glibc
internal import Transport
internal import Wire

/// One UDP socket for all peers of a worker, IPv6 and IPv4 alike; datagrams come and go in batches.
///
/// Confined to one thread after it was made.
final class DatagramSocket {
  /// What is asked for each of the kernel's buffers: a key frame of every peer at once.
  static let bufferOctets: Int32 = 4 << 20
  /// Datagrams of one `receive` at most.
  static let batch = Int(DATAGRAM_BATCH)

  private(set) var counters = DatagramCounters()
  let port: UInt16

  private var socket = datagram_socket()
  /// Room for one batch; places `0..<received` were filled by the last `receive`.
  private let incoming: UnsafeMutablePointer<datagram>
  private let slots: UnsafeMutablePointer<PacketSlot?>
  private let outgoing: DestinationOrder

  /// - Parameters:
  ///   - port: 0 for any.
  ///   - sendCapacity: datagrams of one batch that is sent.
  init(port: UInt16, sendCapacity: Int) throws(MediaIOError) {
    let error = datagram_open(&socket, port, Self.bufferOctets)
    guard error == 0 else { throw MediaIOError(opening: port, code: error) }
    let bound = datagram_port(&socket)
    guard bound > 0, let bound = UInt16(exactly: bound) else {
      datagram_close(&socket)
      throw .system(operation: "asking for the port of a socket", code: -bound)
    }
    self.port = bound
    incoming = .allocate(capacity: Self.batch)
    incoming.initialize(repeating: datagram(), count: Self.batch)
    slots = .allocate(capacity: Self.batch)
    slots.initialize(repeating: nil, count: Self.batch)
    outgoing = DestinationOrder(capacity: sendCapacity)
  }

  /// `releaseSlots` comes first.
  deinit {
    close()
    incoming.deallocate()
    slots.deallocate()
  }

  /// Frees the port. May be called again.
  func close() { datagram_close(&socket) }

  var descriptor: Int32 { socket.fd }
  /// Whether IPv6 peers can be reached.
  var isDualStack: Bool { socket.family == AF_INET6 }
  /// Whether runs of datagrams to one peer leave in one call (UDP_SEGMENT).
  var usesSegmentation: Bool { socket.segmentation }

  struct Datagram {
    var slot: PacketSlot
    var length: Int
    var path: NetworkPath
  }

  /// Takes what waits, at most 64 datagrams and as many as the arena has slots. `take(_:)` hands
  /// out each.
  func receive(arena: PacketArena) -> Int {
    var places = 0
    while places < Self.batch {
      if slots[places] == nil {
        guard let slot = arena.allocate() else { break }
        slots[places] = slot
        incoming[places].bytes = arena.buffer(slot).baseAddress
      }
      incoming[places].length = UInt32(PacketArena.slotCapacity)
      places &+= 1
    }
    guard places > 0 else {
      discardOne()
      return 0
    }
    let count = datagram_receive(&socket, incoming, UInt32(places), &counters.overflowed)
    guard count >= 0 else {
      counters.receiveErrors &+= 1
      return 0
    }
    counters.received &+= UInt64(count)
    return Int(count)
  }

  /// Hands a received datagram over; the caller owns its slot. `nil`: longer than a slot, counted.
  func take(_ place: Int) -> Datagram? {
    guard let datagram = look(at: place) else {
      // The slot stays for the next batch.
      if slots[place] != nil { counters.tooLong &+= 1 }
      return nil
    }
    slots[place] = nil
    return datagram
  }

  /// A received datagram that `take` hands over later.
  func look(at place: Int) -> Datagram? {
    guard let slot = slots[place] else { return nil }
    let item = incoming[place]
    guard !item.truncated else { return nil }
    return Datagram(
      slot: slot, length: Int(item.length),
      path: NetworkPath(
        remote: TransportAddress(
          ip: IPAddress(high: item.remote.high, low: item.remote.low), port: item.remote_port),
        local: IPAddress(high: item.local.high, low: item.local.low)))
  }

  /// The arena is empty: the oldest datagram goes, or the loop would never sleep.
  private func discardOne() {
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { scratch in
      incoming[0].bytes = scratch.baseAddress
      incoming[0].length = 1
      if datagram_receive(&socket, incoming, 1, &counters.overflowed) > 0 {
        counters.discarded &+= 1
      }
    }
  }

  /// Gives back the slots that wait for datagrams.
  func releaseSlots(arena: PacketArena) {
    for place in 0..<Self.batch {
      if let slot = slots[place] { arena.release(slot) }
      slots[place] = nil
    }
  }

  /// Sends a batch, peer by peer and in order for each, and empties it. What the kernel does not
  /// take at once is dropped and counted: congestion control sees the loss.
  func send(_ batch: inout OutboundBatch) {
    guard !batch.isEmpty else { return }
    let count = outgoing.arrange(batch)
    var result = datagram_send_result()
    datagram_send(&socket, outgoing.items, UInt32(count), &result)
    counters.sent &+= UInt64(result.sent)
    counters.sendRefused &+= UInt64(result.refused)
    counters.sendFailed &+= UInt64(result.failed)
    batch.removeAll()
  }
}

/// What a socket counted since it was opened.
public struct DatagramCounters: Hashable, Sendable {
  public var received: UInt64 = 0
  /// Longer than a slot.
  public var tooLong: UInt64 = 0
  /// Dropped because the arena had no slot.
  public var discarded: UInt64 = 0
  /// Dropped by the kernel because we did not read in time (SO_RXQ_OVFL); wraps.
  public var overflowed: UInt32 = 0
  public var receiveErrors: UInt64 = 0
  public var sent: UInt64 = 0
  /// The kernel's send buffer was full.
  public var sendRefused: UInt64 = 0
  /// The kernel refused the destination.
  public var sendFailed: UInt64 = 0

  public init() {}
}
