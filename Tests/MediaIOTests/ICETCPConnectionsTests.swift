import Glibc
import Testing
import Wire

@testable import MediaIO
@testable import Transport

/// The connections of a worker, with a clock of the test's own.
@Suite struct ICETCPConnectionsTests {
  private let start = MediaInstant(nanoseconds: 1_000_000_000)

  private func make(
    _ limits: ICETCPConnections.Limits = .init()
  ) throws -> (connections: ICETCPConnections, port: UInt16) {
    // A port that is free for UDP need not be for TCP.
    for _ in 0..<16 {
      let port = try DatagramSocket(port: 0, sendCapacity: 16).port
      guard let listener = try? ICETCPListener(port: port, isDualStack: true) else { continue }
      return (try ICETCPConnections(listener: listener, limits: limits), port)
    }
    throw MediaIOError.tcpPortInUse(0)
  }

  /// Turns until something holds, or nothing has come for two seconds.
  private func turn(
    _ connections: ICETCPConnections, _ arena: PacketArena, at now: MediaInstant,
    knows: (TransportAddress) -> Bool = { _ in false },
    deliver: ([UInt8], NetworkPath) -> Void = { _, _ in }, until isDone: () -> Bool
  ) {
    while !isDone() {
      var waiting = pollfd(fd: connections.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 2000) > 0 else { return }
      _ = connections.receive(arena: arena, now: now, knows: knows) { slot, length, path in
        deliver(Array(arena.buffer(slot)[..<length]), path)
        arena.release(slot)
      }
    }
  }

  @Test("frames arrive whole and in order, however the stream is cut; empty ones mean nothing")
  func cuts() throws {
    let (connections, port) = try make()
    let arena = PacketArena(slotCount: 16)
    defer { arena.deallocate() }
    let client = try #require(StreamClient(port: port))
    var random = SeededRandom(seed: 11)
    let datagrams = (0..<60).map { i in
      [UInt8](repeating: UInt8(i), count: i % 7 == 0 ? 0 : 1 + Int(random.next() % 1600))
    }
    var received: [[UInt8]] = []
    var stream = datagrams.flatMap(StreamClient.frame)
    var ends = datagrams.map { $0.count + 2 }
    for i in 1..<ends.count { ends[i] += ends[i - 1] }
    var sent = 0
    while !stream.isEmpty {
      let count = min(stream.count, 1 + Int(random.next() % 4000))
      client.send(Array(stream[..<count]))
      stream.removeFirst(count)
      sent += count
      turn(connections, arena, at: start, knows: { _ in true }) {
        #expect($1.remote.transport == .tcp)
        received.append($0)
      } until: {
        connections.counters.framesReceived >= ends.count { $0 <= sent }
      }
    }
    #expect(received == datagrams.filter { !$0.isEmpty })
    #expect(connections.counters.framesReceived == 60)
    #expect(arena.freeCount == 16)
  }

  @Test("who is not known after five seconds is closed, who was known and is no longer as well")
  func sweep() throws {
    let (connections, port) = try make()
    let arena = PacketArena(slotCount: 16)
    defer { arena.deallocate() }
    let stranger = try #require(StreamClient(port: port))
    turn(connections, arena, at: start) { connections.count == 1 }
    let friend = try #require(StreamClient(port: port))
    friend.send(StreamClient.frame([1]))
    var address: TransportAddress?
    turn(connections, arena, at: start, knows: { $0 == address }) {
      address = $1.remote
    } until: {
      address != nil
    }
    func look(_ seconds: Int64, _ knows: (TransportAddress) -> Bool) {
      _ = connections.receive(arena: arena, now: start + .seconds(seconds), knows: knows) {
        slot, _, _ in arena.release(slot)
      }
    }
    #expect(connections.nextDeadline == start + .seconds(1))
    look(4) { $0 == address }
    #expect(connections.count == 2)
    look(6) { $0 == address }
    #expect(connections.count == 1)
    #expect(connections.counters.unauthenticated == 1)
    #expect(stranger.seesEnd(within: 2))
    look(100) { $0 == address }
    #expect(connections.count == 1)
    look(102) { _ in false }
    #expect(connections.count == 0)
    #expect(connections.counters.abandoned == 1)
    #expect(friend.seesEnd(within: 2))
    #expect(connections.nextDeadline == nil)
  }

  @Test("a frame longer than a datagram may be, and garbage without end, close their connection")
  func hostile() throws {
    let (connections, port) = try make()
    let arena = PacketArena(slotCount: 64)
    defer { arena.deallocate() }
    let scanner = try #require(StreamClient(port: port))
    scanner.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    turn(connections, arena, at: start) { connections.counters.malformed == 1 }
    #expect(connections.counters.malformed == 1)
    #expect(scanner.seesEnd(within: 2))
    let flooder = try #require(StreamClient(port: port))
    flooder.send((0..<200).flatMap { StreamClient.frame([UInt8($0)]) })
    turn(connections, arena, at: start) { connections.counters.unauthenticated == 1 }
    #expect(connections.counters.unauthenticated == 1)
    #expect(flooder.seesEnd(within: 2))
    let leaver = try #require(StreamClient(port: port))
    shutdown(leaver.descriptor, Int32(SHUT_RDWR))
    turn(connections, arena, at: start) { connections.counters.ended == 1 }
    #expect(connections.count == 0)
    #expect(arena.freeCount == 64)
  }

  @Test("strangers of one address are few; those who are known do not count")
  func limits() throws {
    var limits = ICETCPConnections.Limits()
    limits.strangersOfOneAddress = 3
    limits.connections = 5
    let (connections, port) = try make(limits)
    let arena = PacketArena(slotCount: 16)
    defer { arena.deallocate() }
    let first = (0..<5).compactMap { _ in StreamClient(port: port) }
    turn(connections, arena, at: start) { connections.counters.refused == 2 }
    #expect(connections.count == 3)
    // They turn out to be peers.
    _ = connections.receive(arena: arena, now: start + .seconds(2), knows: { _ in true }) {
      _, _, _ in
    }
    let second = (0..<3).compactMap { _ in StreamClient(port: port) }
    turn(connections, arena, at: start + .seconds(2)) { connections.counters.refused == 3 }
    #expect(connections.count == 5)
    #expect(first.count + second.count == 8)
  }

  @Test("a peer that does not read loses whole datagrams and nobody waits for it")
  func slowReader() throws {
    let (connections, port) = try make()
    let arena = PacketArena(slotCount: 128)
    defer { arena.deallocate() }
    let client = try #require(StreamClient(port: port))
    client.send(StreamClient.frame([7]))
    var path: NetworkPath?
    turn(connections, arena, at: start, knows: { _ in true }) {
      path = $1
    } until: {
      path != nil
    }
    let known = try #require(path)
    var batch = OutboundBatch(capacity: 64, arena: arena)
    var number: UInt32 = 0
    // The kernel's buffers of both sides are a few megabytes at most.
    while connections.counters.sendRefused < 1000, number < 200_000 {
      for _ in 0..<64 {
        let slot = try #require(arena.allocate())
        let buffer = arena.buffer(slot)
        let length = 1000 + Int(number % 400)
        for i in 0..<length { buffer[i] = UInt8(truncatingIfNeeded: number) }
        buffer.setNetworkUInt32(number, at: 0)
        batch.append(slot, length: length, path: known)
        number += 1
      }
      connections.send(batch)
      batch.removeAll()
    }
    #expect(connections.counters.sendRefused >= 1000)
    // Now it reads: what it gets is whole, in order, and as much as was counted.
    var got: UInt64 = 0
    var last: UInt32?
    while let datagram = client.receive() {
      let index = datagram.withUnsafeBytes { $0.networkUInt32(at: 0) }
      #expect(datagram.count == 1000 + Int(index % 400))
      #expect(datagram[4...].allSatisfy { $0 == UInt8(truncatingIfNeeded: index) })
      #expect(last.map { index > $0 } ?? true)
      last = index
      got += 1
      if got == connections.counters.framesSent { break }
      // The rest of a frame that was begun goes when there is room.
      _ = connections.receive(arena: arena, now: start, knows: { _ in true }) { slot, _, _ in
        arena.release(slot)
      }
    }
    #expect(got == connections.counters.framesSent)
    #expect(got + connections.counters.sendRefused == UInt64(number))
    #expect(arena.freeCount == 128)
  }
}
