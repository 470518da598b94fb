internal import CDatagram
internal import Glibc
internal import Transport
internal import Wire

/// The TCP connections of one worker (RFC 6544), each a path to a peer: datagrams come framed
/// (RFC 4571) and go back over the connection that they came from. Knows no protocol within: which
/// connection is a peer's, the worker says.
///
/// Confined to one thread after it was made.
final class ICETCPConnections {
  struct Limits {
    var connections = 512
    /// Of those that no authenticated check came over, in all and of one address. A clinic behind one
    /// NAT needs a few of them for milliseconds each.
    var strangers = 128
    var strangersOfOneAddress = 16
    /// In which that check has to come, and how many frames before it.
    var patience = MediaDuration.seconds(5)
    var strayFrames = 64
  }

  private static let listenerNumber = UInt32.max
  private static let acceptsPerTurn = 32
  /// What is read from one connection in a turn, and what is sent in one call.
  private static let readOctets = 64 << 10
  private static let writeOctets = 32 << 10
  private static let sweepPeriod = MediaDuration.seconds(1)
  /// How long a new connection may stay unseen on a thread that never waits.
  private static let lookPeriod = MediaDuration.milliseconds(20)

  /// Of its own: the worker's poller watches this one as a whole.
  let descriptor: Int32
  private(set) var counters = ICETCPCounters()

  private let listener: ICETCPListener
  private let limits: Limits
  /// By number.
  private var connections: [ICETCPConnection?]
  private var freeNumbers: [UInt32]
  private var byPath: [NetworkPath: ICETCPConnection] = [:]
  private var nextSweep: MediaInstant?
  private var nextLook: MediaInstant?
  private var isListening = true

  private let input: UnsafeMutableRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer

  init(
    listener: ICETCPListener, limits: Limits = Limits()
  ) throws(MediaIOError) {
    self.listener = listener
    self.limits = limits
    connections = Array(repeating: nil, count: limits.connections)
    freeNumbers = (0..<UInt32(limits.connections)).reversed()
    byPath.reserveCapacity(limits.connections)
    input = .allocate(byteCount: Self.readOctets, alignment: 8)
    output = .allocate(byteCount: Self.writeOctets, alignment: 8)
    descriptor = stream_poller_open()
    let error =
      descriptor < 0
      ? -descriptor : stream_poller_add(descriptor, listener.descriptor, Self.listenerNumber)
    guard error == 0 else { throw .system(operation: "watching a TCP port", code: error) }
  }

  deinit {
    close()
    datagram_descriptor_close(descriptor)
    input.deallocate()
    output.deallocate()
  }

  /// Ends every connection and frees the port. May be called again.
  func close() {
    listener.close()
    for connection in byPath.values { connection.close() }
    byPath.removeAll()
    connections = connections.map { _ in nil }
  }

  var count: Int { byPath.count }

  /// When `receive` is wanted even when nothing comes.
  var nextDeadline: MediaInstant? { nextSweep }

  /// Whether `receive` should be called in this turn, though the poller was not asked.
  func isDue(_ now: MediaInstant) -> Bool {
    !byPath.isEmpty || nextLook.map { now >= $0 } ?? true || nextSweep.map { now >= $0 } ?? false
  }

  // MARK: Input

  /// Takes new connections and what waits on those that are there, 64 KiB of each at most.
  /// - Parameters:
  ///   - knows: whether an authenticated check has come from an address.
  ///   - deliver: gets each datagram; its slot is the callee's.
  /// - Returns: how many datagrams came.
  func receive(
    arena: PacketArena, now: MediaInstant, knows: (TransportAddress) -> Bool,
    deliver: (PacketSlot, Int, NetworkPath) -> Void
  ) -> Int {
    nextLook = now + Self.lookPeriod
    let before = counters.framesReceived
    withUnsafeTemporaryAllocation(of: stream_ready.self, capacity: 64) { ready in
      let count = Int(stream_poll(descriptor, ready.baseAddress, 64))
      for i in 0..<count {
        if ready[i].number == Self.listenerNumber {
          acceptAll(now, knows)
          continue
        }
        guard let connection = connections[Int(ready[i].number)] else { continue }
        if ready[i].writable { makeRoom(connection) }
        if ready[i].readable, connection.isOpen { read(connection, arena, knows, deliver) }
      }
    }
    if let nextSweep, now >= nextSweep { sweep(now, knows) }
    return Int(truncatingIfNeeded: counters.framesReceived &- before)
  }

  private func read(
    _ connection: ICETCPConnection, _ arena: PacketArena, _ knows: (TransportAddress) -> Bool,
    _ deliver: (PacketSlot, Int, NetworkPath) -> Void
  ) {
    switch connection.read(into: input) {
    case .nothing: return
    case .ended: end(connection, \.ended)
    case .octets(let count):
      let bytes = UnsafeRawBufferPointer(rebasing: input[..<count])
      guard let rest = takeFrames(connection, bytes, arena, deliver) else {
        end(connection, \.malformed)
        return
      }
      // An answer to what came may have found that the connection has ended.
      guard connection.isOpen else { return }
      connection.keep(UnsafeRawBufferPointer(rebasing: bytes[rest...]))
      guard !connection.isAuthenticated else { return }
      connection.isAuthenticated = knows(connection.path.remote)
      if !connection.isAuthenticated, connection.strayFrames > limits.strayFrames {
        end(connection, \.unauthenticated)
      }
    }
  }

  /// - Returns: where the octets after the last whole frame begin; `nil` when the stream is not framed.
  private func takeFrames(
    _ connection: ICETCPConnection, _ bytes: UnsafeRawBufferPointer, _ arena: PacketArena,
    _ deliver: (PacketSlot, Int, NetworkPath) -> Void
  ) -> Int? {
    var at = 0
    while connection.isOpen {
      switch StreamFraming.frame(at: at, in: bytes, limit: PacketArena.slotCapacity) {
      case .incomplete: return at
      case .tooLong: return nil
      case .datagram(let range):
        at = range.upperBound
        counters.framesReceived &+= 1
        if !connection.isAuthenticated { connection.strayFrames &+= 1 }
        guard !range.isEmpty else { continue }
        guard let slot = arena.allocate() else {
          counters.discarded &+= 1
          continue
        }
        arena.buffer(slot).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
        deliver(slot, range.count, connection.path)
      }
    }
    return at
  }

  // MARK: Coming and going

  private func acceptAll(_ now: MediaInstant, _ knows: (TransportAddress) -> Bool) {
    for _ in 0..<Self.acceptsPerTurn {
      switch listener.accept() {
      case .noneWaits: return
      case .exhausted:
        // The listener would be ready for ever: it is asked again at the next sweep.
        counters.exhausted &+= 1
        setListening(false)
        nextSweep = nextSweep ?? now + Self.sweepPeriod
        return
      case .accepted(let accepted): admit(accepted, now, knows)
      }
    }
  }

  private func admit(
    _ accepted: ICETCPListener.Accepted, _ now: MediaInstant, _ knows: (TransportAddress) -> Bool
  ) {
    // The same two ends again: the former connection is dead, and we have not heard of it.
    if let former = byPath[accepted.path] { end(former, \.ended) }
    guard isWelcome(accepted.path.remote.ip), let number = freeNumbers.last,
      stream_poller_add(descriptor, accepted.descriptor, number) == 0
    else {
      counters.refused &+= 1
      datagram_descriptor_close(accepted.descriptor)
      return
    }
    freeNumbers.removeLast()
    let connection = ICETCPConnection(accepted, number: number, now: now)
    connections[Int(number)] = connection
    byPath[accepted.path] = connection
    counters.accepted &+= 1
    counters.connections = UInt64(byPath.count)
    nextSweep = nextSweep ?? now + Self.sweepPeriod
  }

  private func isWelcome(_ address: IPAddress) -> Bool {
    var strangers = 0
    var ofThisAddress = 0
    for connection in byPath.values where !connection.isAuthenticated {
      strangers += 1
      if connection.path.remote.ip == address { ofThisAddress += 1 }
    }
    return strangers < limits.strangers && ofThisAddress < limits.strangersOfOneAddress
  }

  private func sweep(_ now: MediaInstant, _ knows: (TransportAddress) -> Bool) {
    if !isListening { setListening(true) }
    for connection in connections {
      guard let connection else { continue }
      if knows(connection.path.remote) {
        connection.isAuthenticated = true
      } else if connection.isAuthenticated {
        end(connection, \.abandoned)
      } else if now - connection.accepted >= limits.patience {
        end(connection, \.unauthenticated)
      }
    }
    nextSweep = byPath.isEmpty && isListening ? nil : now + Self.sweepPeriod
  }

  private func setListening(_ isListening: Bool) {
    self.isListening = isListening
    _ = stream_poller_change(
      descriptor, listener.descriptor, Self.listenerNumber, isListening, false)
  }

  private func end(
    _ connection: ICETCPConnection, _ reason: WritableKeyPath<ICETCPCounters, UInt64>
  ) {
    guard connection.isOpen else { return }
    // The poller forgets a descriptor that is closed.
    connection.close()
    connections[Int(connection.number)] = nil
    freeNumbers.append(connection.number)
    byPath[connection.path] = nil
    counters[keyPath: reason] &+= 1
    counters.connections = UInt64(byPath.count)
  }

  // MARK: Output

  /// Sends what of a batch goes over TCP, in order; the batch stays as it is. What a connection does
  /// not take at once is dropped and counted: congestion control sees the loss.
  func send(_ batch: borrowing OutboundBatch) {
    guard !byPath.isEmpty else { return }
    var connection: ICETCPConnection?
    var used = 0
    for entry in batch.entries where entry.path.remote.transport == .tcp {
      let length = Int(entry.length)
      if connection?.path != entry.path {
        flush(connection, used)
        used = 0
        connection = byPath[entry.path]
      } else if used &+ StreamFraming.headerLength &+ length > output.count {
        flush(connection, used)
        used = 0
      }
      guard connection != nil, length <= PacketArena.slotCapacity else {
        counters.sendFailed &+= 1
        continue
      }
      output.setNetworkUInt16(UInt16(truncatingIfNeeded: length), at: used)
      used &+= StreamFraming.headerLength
      UnsafeMutableRawBufferPointer(rebasing: output[used...])
        .copyMemory(from: UnsafeRawBufferPointer(batch.bytes(of: entry)))
      used &+= length
    }
    flush(connection, used)
  }

  private func flush(_ connection: ICETCPConnection?, _ used: Int) {
    guard let connection, used > 0 else { return }
    guard
      let written = connection.write(UnsafeRawBufferPointer(rebasing: output[..<used]))
    else {
      end(connection, \.ended)
      counters.sendFailed &+= 1
      return
    }
    counters.framesSent &+= UInt64(written.sent)
    counters.sendRefused &+= UInt64(written.dropped)
    awaitRoom(connection)
  }

  private func makeRoom(_ connection: ICETCPConnection) {
    if connection.writeTail() { awaitRoom(connection) } else { end(connection, \.ended) }
  }

  private func awaitRoom(_ connection: ICETCPConnection) {
    guard connection.isStuck != connection.awaitsRoom else { return }
    connection.awaitsRoom = connection.isStuck
    _ = stream_poller_change(
      descriptor, connection.descriptor, connection.number, true, connection.isStuck)
  }
}
