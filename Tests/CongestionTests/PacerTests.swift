import Congestion
import Testing
import Wire

@Suite struct PacerTests {
  /// 1000 octets a packet at 800 kbit/s: one each 10 ms.
  private final class World {
    let arena = PacketArena(slotCount: 4096)
    var pacer: Pacer
    var sent: [(ms: Int64, kind: SentPacketKind, flow: UInt16, context: UInt64)] = []
    var dropped: [PacerRefusal] = []
    var now: Int64 = 0
    var next: UInt64 = 0

    init(_ configuration: PacerConfiguration = PacerConfiguration(), rate: Int = 800_000) {
      pacer = Pacer(configuration: configuration, rate: rate)
    }

    deinit { arena.deallocate() }

    func offer(_ kind: SentPacketKind, flow: UInt16 = 1, length: UInt16 = 1000) {
      guard let slot = arena.allocate() else { return }
      next += 1
      let packet = PacedPacket(slot: slot, length: length, flow: flow, kind: kind, context: next)
      switch pacer.enqueue(packet, at: milliseconds(now)) {
      case .sendNow:
        sent.append((now, kind, flow, next))
        arena.release(slot)
      case .queued: break
      case .refused(let reason):
        dropped.append(reason)
        arena.release(slot)
      }
    }

    /// Turns a millisecond apart, each only when the pacer asked for it.
    func run(until end: Int64) {
      while now < end {
        now += 1
        guard let deadline = pacer.nextDeadline, deadline <= milliseconds(now) else { continue }
        while let step = pacer.next(at: milliseconds(now)) {
          switch step {
          case .send(let packet, _):
            sent.append((now, packet.kind, packet.flow, packet.context))
            arena.release(packet.slot)
          case .drop(let packet, let reason):
            dropped.append(reason)
            arena.release(packet.slot)
          }
        }
      }
    }
  }

  @Test("a burst leaves at the rate, in order")
  func paces() {
    let world = World()
    for _ in 0..<30 { world.offer(.video) }
    world.run(until: 1000)
    #expect(world.sent.count == 30)
    #expect(world.sent.map(\.context) == Array(1...30))
    let last = world.sent.last?.ms ?? 0
    #expect((280...295).contains(last))
    #expect(world.pacer.nextDeadline == nil)
    #expect(world.arena.freeCount == world.arena.slotCount)
  }

  @Test("sound never waits, and what it takes is taken from pictures")
  func audioFirst() {
    let world = World()
    for _ in 0..<20 { world.offer(.video) }
    for _ in 0..<10 {
      world.offer(.audio, length: 500)
      world.run(until: world.now + 20)
    }
    let audio = world.sent.filter { $0.kind == .audio }.map(\.ms)
    #expect(audio == (0..<10).map { $0 * 20 })
    world.run(until: 2000)
    let last = world.sent.last?.ms ?? 0
    // 20 pictures take 200 ms, 10 sounds 50.
    #expect((235...255).contains(last))
  }

  @Test("retransmissions go before pictures")
  func retransmissionsFirst() {
    let world = World()
    for _ in 0..<5 { world.offer(.video) }
    for _ in 0..<3 { world.offer(.retransmission) }
    world.run(until: 1000)
    #expect(
      world.sent.map(\.kind) == [
        .video, .retransmission, .retransmission, .retransmission, .video, .video, .video, .video,
      ])
  }

  @Test("what waits too long is given back, and counted with its flow")
  func expires() {
    let world = World(rate: 80_000)
    for _ in 0..<20 { world.offer(.video, flow: 3) }
    world.run(until: 5000)
    // One each 100 ms for half a second.
    #expect((5...7).contains(world.sent.count))
    #expect(world.sent.count + world.dropped.count == 20)
    #expect(world.dropped.allSatisfy { $0 == .tooOld })
    let flow = world.pacer.counters(flow: 3)
    #expect(flow.refused == UInt64(world.dropped.count))
    #expect(flow.waiting == 0)
    #expect(world.arena.freeCount == world.arena.slotCount)
  }

  @Test("the queue is bounded in all and by flow")
  func bounded() {
    var configuration = PacerConfiguration()
    configuration.videoPackets = 50
    configuration.flowPackets = 30
    let world = World(configuration)
    for _ in 0..<40 { world.offer(.video, flow: 1) }
    #expect(world.dropped == Array(repeating: .flowFull, count: 9))
    for _ in 0..<40 { world.offer(.video, flow: 2) }
    #expect(world.dropped.dropFirst(9) == Array(repeating: .queueFull, count: 20)[...])
    let waiting = world.pacer.waitingPackets
    #expect(waiting == 50)
  }

  @Test("what waits of one flow is given back, the others keep their order")
  func removes() {
    let world = World()
    for i in 0..<21 { world.offer(.video, flow: UInt16(i % 2)) }
    var removed = 0
    let arena = world.arena
    world.pacer.remove(flow: 1) { packet in
      removed += 1
      arena.release(packet.slot)
    }
    #expect(removed == 10)
    let waiting = world.pacer.counters(flow: 1).waiting
    #expect(waiting == 0)
    world.run(until: 1000)
    let order = world.sent.map(\.context)
    #expect(order == order.sorted())
    #expect(order.count == 11)
    #expect(arena.freeCount == arena.slotCount)
  }

  @Test("a probe leaves at its own rate, filled with padding, and ends")
  func probe() {
    let world = World()
    let cluster = ProbeCluster(
      id: ProbeCluster.ID(rawValue: 4), rate: 2_000_000, minimumPackets: 6, minimumOctets: 5000)
    world.pacer.begin(cluster, at: milliseconds(0))
    var octets = 0
    var last: Int64 = 0
    for ms in 0..<(100 as Int64) {
      while case let wanted = world.pacer.paddingNeeded(at: milliseconds(ms)), wanted > 0 {
        guard let slot = world.arena.allocate() else { return }
        let length = min(wanted, 250)
        let packet = PacedPacket(
          slot: slot, length: UInt16(length), flow: 0, kind: .padding)
        let admission = world.pacer.enqueue(packet, at: milliseconds(ms))
        #expect(admission == .sendNow(probe: cluster.id))
        world.arena.release(slot)
        octets += length
        last = ms
      }
    }
    #expect((5000...5250).contains(octets))
    #expect((16...21).contains(last))
    let waiting = world.pacer.paddingNeeded(at: milliseconds(200))
    #expect(waiting == 0)
  }

  @Test("a probe without anything to send is given up")
  func abandoned() {
    let world = World()
    let cluster = ProbeCluster(
      id: ProbeCluster.ID(rawValue: 4), rate: 2_000_000, minimumPackets: 6, minimumOctets: 5000)
    world.pacer.begin(cluster, at: milliseconds(0))
    let step = world.pacer.next(at: milliseconds(300))
    #expect(step == nil)
    let counters = world.pacer.counters
    #expect(counters.probesGivenUp == 1)
    #expect(world.pacer.nextDeadline == nil)
  }
}
