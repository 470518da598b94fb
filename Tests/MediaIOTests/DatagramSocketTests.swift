import CDatagram
import Glibc
import Testing
import Transport
import Wire

@testable import MediaIO

@Suite struct DatagramSocketTests {
  private static let loopback4 = IPAddress(v4: 0x7F00_0001)
  private static let loopback6 = IPAddress(high: 0, low: 1)

  /// Sends datagrams that hold their own number, to `lengths.count` paths in turn.
  private func send(
    _ socket: DatagramSocket, _ arena: PacketArena, _ datagrams: [(path: NetworkPath, length: Int)]
  ) throws {
    var batch = OutboundBatch(capacity: 512, arena: arena)
    for (number, datagram) in datagrams.enumerated() {
      let slot = try #require(arena.allocate())
      let buffer = arena.buffer(slot)
      for i in 0..<datagram.length { buffer[i] = UInt8(truncatingIfNeeded: number &+ i) }
      batch.append(slot, length: datagram.length, path: datagram.path)
    }
    socket.send(&batch)
    let left = batch.count
    #expect(left == 0)
  }

  private struct Arrived {
    var bytes: [UInt8]
    var path: NetworkPath
  }

  /// What arrives until `count` datagrams are there. On loopback a datagram is in the receiver's
  /// queue when the send returns, so there is nothing to wait for.
  private func receive(_ socket: DatagramSocket, _ arena: PacketArena) -> [Arrived] {
    var arrived: [Arrived] = []
    while true {
      let count = socket.receive(arena: arena)
      guard count > 0 else { return arrived }
      for place in 0..<count {
        guard let datagram = socket.take(place) else { continue }
        arrived.append(
          Arrived(
            bytes: Array(arena.buffer(datagram.slot)[..<datagram.length]), path: datagram.path))
        arena.release(datagram.slot)
      }
    }
  }

  private func path(_ ip: IPAddress, _ port: UInt16, local: IPAddress = .unspecified) -> NetworkPath
  {
    NetworkPath(remote: TransportAddress(ip: ip, port: port), local: local)
  }

  @Test(
    "a datagram crosses loopback, over IPv4 and IPv6, and its answer comes back from the address it was sent to"
  )
  func echo() throws {
    let arena = PacketArena(slotCount: 512)
    defer { arena.deallocate() }
    let server = try DatagramSocket(port: 0, sendCapacity: 64)
    let client = try DatagramSocket(port: 0, sendCapacity: 64)
    defer {
      server.releaseSlots(arena: arena)
      client.releaseSlots(arena: arena)
      #expect(arena.freeCount == arena.slotCount)
    }
    // 127.0.0.2 is loopback too, and not what the kernel would answer from by itself.
    var targets = [Self.loopback4, IPAddress(v4: 0x7F00_0002)]
    if server.isDualStack, InterfaceAddresses.usable().contains(Self.loopback6) {
      targets.append(Self.loopback6)
    }
    for target in targets {
      try send(client, arena, [(path(target, server.port), 100)])
      let request = try #require(receive(server, arena).first)
      #expect(request.bytes == (0..<100).map { UInt8($0) })
      #expect(request.path.remote.port == client.port)
      #expect(request.path.local == target)
      try send(server, arena, [(request.path, 50)])
      let answer = try #require(receive(client, arena).first)
      #expect(answer.bytes.count == 50)
      #expect(answer.path.remote == TransportAddress(ip: target, port: server.port))
    }
    #expect(server.counters.sendFailed == 0)
  }

  @Test(
    "a batch for several peers arrives whole and in order for each, with equal and unequal lengths")
  func batch() throws {
    let arena = PacketArena(slotCount: 1024)
    defer { arena.deallocate() }
    let server = try DatagramSocket(port: 0, sendCapacity: 512)
    let clients = try (0..<5).map { _ throws(MediaIOError) in
      try DatagramSocket(port: 0, sendCapacity: 8)
    }
    var datagrams: [(path: NetworkPath, length: Int)] = []
    var random = SeededRandom(seed: 5)
    for number in 0..<400 {
      let client = clients[Int(random.next() % 5)]
      let length = random.next() % 4 == 0 ? 1 + Int(random.next() % 1200) : 1200
      datagrams.append((path(Self.loopback4, client.port, local: Self.loopback4), length))
      _ = number
    }
    try send(server, arena, datagrams)
    #expect(server.counters.sent == 400)
    #expect(server.counters.sendFailed == 0)
    for client in clients {
      let expected = datagrams.enumerated().filter { $0.element.path.remote.port == client.port }
      let arrived = receive(client, arena)
      #expect(arrived.count == expected.count)
      for (one, other) in zip(arrived, expected) {
        #expect(one.bytes.count == other.element.length)
        #expect(one.bytes.first == UInt8(truncatingIfNeeded: other.offset))
        #expect(
          one.bytes.last == UInt8(truncatingIfNeeded: other.offset + other.element.length - 1))
        #expect(one.path.remote.ip == Self.loopback4)
      }
      client.releaseSlots(arena: arena)
    }
    server.releaseSlots(arena: arena)
    #expect(arena.freeCount == arena.slotCount)
  }

  @Test("one bad destination in a batch does not stop the others")
  func badDestination() throws {
    let arena = PacketArena(slotCount: 256)
    defer { arena.deallocate() }
    let server = try DatagramSocket(port: 0, sendCapacity: 64)
    let client = try DatagramSocket(port: 0, sendCapacity: 8)
    let good = path(Self.loopback4, client.port)
    // Our end is not an address of this machine; the two ends are of different families.
    let foreign = path(Self.loopback4, client.port, local: IPAddress(v4: 0xC000_0201))
    let mixed = path(Self.loopback4, client.port, local: IPAddress(high: 0x2001 << 48, low: 1))
    try send(
      server, arena,
      [(good, 10), (foreign, 10), (foreign, 10), (good, 11), (mixed, 10), (good, 12)])
    #expect(server.counters.sendFailed == 3)
    #expect(server.counters.sent == 3)
    #expect(receive(client, arena).map(\.bytes.count) == [10, 11, 12])
    server.releaseSlots(arena: arena)
    client.releaseSlots(arena: arena)
    #expect(arena.freeCount == arena.slotCount)
  }

  @Test("a port in use is an error that names the port and the setting")
  func portInUse() throws {
    let first = try DatagramSocket(port: 0, sendCapacity: 1)
    let error = #expect(throws: MediaIOError.self) {
      try DatagramSocket(port: first.port, sendCapacity: 1)
    }
    #expect(error == .portInUse(first.port))
    let text = try #require(error).description
    #expect(text.contains("\(first.port)"))
    #expect(text.contains("media.port"))
  }

  @Test("without a free slot a datagram is dropped and counted, and the queue still empties")
  func emptyArena() throws {
    let arena = PacketArena(slotCount: 8)
    defer { arena.deallocate() }
    let tiny = PacketArena(slotCount: 1)
    defer { tiny.deallocate() }
    let slot = try #require(tiny.allocate())
    let server = try DatagramSocket(port: 0, sendCapacity: 1)
    let client = try DatagramSocket(port: 0, sendCapacity: 8)
    try send(client, arena, Array(repeating: (path(Self.loopback4, server.port), 20), count: 3))
    for _ in 0..<3 { #expect(server.receive(arena: tiny) == 0) }
    #expect(server.counters.discarded == 3)
    tiny.release(slot)
    #expect(server.receive(arena: tiny) == 0)
    server.releaseSlots(arena: tiny)
  }

  @Test("interface addresses: loopback is there and last, nothing is link-local or twice")
  func interfaces() {
    let addresses = InterfaceAddresses.usable()
    #expect(addresses.contains(Self.loopback4))
    #expect(Set(addresses).count == addresses.count)
    #expect(!addresses.contains { $0.isLinkLocal })
    let firstLoopback = addresses.firstIndex { $0.isLoopback } ?? 0
    #expect(addresses[firstLoopback...].allSatisfy { $0.isLoopback })
  }

  @Test("the order for sending joins what goes to one peer and keeps everything else")
  func order() throws {
    let arena = PacketArena(slotCount: 512)
    defer { arena.deallocate() }
    let order = DestinationOrder(capacity: 512)
    var random = SeededRandom(seed: 9)
    for round in 1...20 {
      var batch = OutboundBatch(capacity: 512, arena: arena)
      var paths: [NetworkPath] = []
      let peers = 1 + random.next() % UInt64(round * 20)
      for i in 0..<(Int(random.next() % 512) + 1) {
        let peer = UInt32(random.next() % peers)
        let slot = try #require(arena.allocate())
        arena.buffer(slot).storeBytes(of: i, as: Int.self)
        paths.append(path(IPAddress(v4: peer / 3), UInt16(peer % 3)))
        batch.append(slot, length: 8, path: paths[i])
      }
      let count = order.arrange(batch)
      #expect(count == paths.count)
      var expected: [Int] = []
      var seen: Set<NetworkPath> = []
      for first in paths where seen.insert(first).inserted {
        expected += paths.indices.filter { paths[$0] == first }
      }
      let got = (0..<count).map { order.items[$0].bytes.load(as: Int.self) }
      #expect(got == expected, "round \(round)")
      batch.removeAll()
    }
  }
}
