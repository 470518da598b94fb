import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// Datagrams that nobody asked for: nothing traps, everything is counted, the call goes on.
struct GarbageTests {
  static func path(_ port: UInt16) -> NetworkPath {
    NetworkPath(
      remote: TransportAddress(ip: IPAddress(v4: 0xC0A8_0001), port: port),
      local: IPAddress(v4: 0x0A00_00FE))
  }

  static func noise(_ random: inout SeededRandom, first: ClosedRange<UInt8>) -> [UInt8] {
    let count = Int.random(in: 2...400, using: &random)
    var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    bytes[0] = UInt8.random(in: first, using: &random)
    return bytes
  }

  @Test(
    "Random, truncated, altered and replayed datagrams disturb nothing", arguments: Seeds.first(6))
  func noise(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    var random = SeededRandom(seed: seed)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    // What a stranger can see on the wire, to be replayed and altered.
    var seen: [[UInt8]] = []
    var injected: UInt64 = 0
    let known = NetworkPath(remote: patient.peer.address, local: IPAddress(v4: 0x0A00_00FE))
    for step in 0..<3000 {
      let from = Bool.random(using: &random) ? known : Self.path(UInt16(step))
      var datagram: [UInt8]
      switch Int.random(in: 0..<6, using: &random) {
      case 0: datagram = Self.noise(&random, first: 0...255)
      case 1: datagram = Self.noise(&random, first: 0...3)
      case 2: datagram = Self.noise(&random, first: 20...63)
      case 3: datagram = Self.noise(&random, first: 128...191)
      case 4:
        datagram = seen.randomElement(using: &random) ?? [0x80]
        datagram = Array(datagram.prefix(Int.random(in: 1...datagram.count, using: &random)))
      default:
        datagram = seen.randomElement(using: &random) ?? [0x80]
        datagram[Int.random(in: 0..<datagram.count, using: &random)] ^= 1
      }
      scenario.inject(datagram, from: from)
      injected += 1
      if seen.count < 50 {
        for protected in patient.peer.handleTimeout(now: scenario.now) {
          seen.append(protected)
          scenario.network.send(
            protected, to: .worker(from: patient.peer.address), now: scenario.now)
        }
      }
      scenario.run(for: .milliseconds(1))
    }
    // An empty datagram and the largest there can be.
    scenario.inject([], from: known)
    scenario.inject([UInt8](repeating: 0x80, count: PacketArena.slotCapacity), from: known)
    scenario.run(for: .seconds(1))
    let refused = scenario.worker.counters.refusals.reduce(0) { $0 + $1.count }
    #expect(refused >= injected, scenario.replay)
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    scenario.expect(
      InvariantChecker.complete(
        viewer.peer.received(SSRC(9000)), stream: 1,
        published: patient.peer.packetCount(stream: 1), tail: 10), "video")
    scenario.command(.removePeer(patient.id))
    scenario.command(.removePeer(viewer.id))
    scenario.run(for: .seconds(1))
    #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
  }

  @Test("A flood of handshakes from strangers costs a lookup each")
  func hellos() throws {
    let scenario = try Scenario.make(seed: 2)
    var random = SeededRandom(seed: 2)
    for port in 0..<2000 {
      scenario.inject(Self.noise(&random, first: 22...22), from: Self.path(UInt16(port)))
    }
    #expect(scenario.worker.counters.refused(.dtlsUnknownAddress) == 2000)
    #expect(scenario.arena.freeCount == scenario.arena.slotCount)
    #expect(scenario.worker.nextDeadline == nil)
  }

  @Test("A flood of handshakes from a peer is bounded, done a few a turn, and counted")
  func peerHellos() throws {
    let scenario = try Scenario.make(seed: 2)
    var random = SeededRandom(seed: 2)
    let peer = try scenario.join(up: .perfect, down: .perfect)
    let path = NetworkPath(remote: peer.peer.address, local: IPAddress(v4: 0x0A00_00FE))
    for _ in 0..<100 { scenario.inject(Self.noise(&random, first: 22...22), from: path) }
    let counters = scenario.worker.counters
    #expect(counters.refused(.handshakePeerOverflow) == 92)
    #expect(counters.handshakeDatagrams == 0)
    #expect(scenario.worker.nextDeadline == scenario.now)
    scenario.run(for: .milliseconds(5))
    #expect(scenario.worker.counters.handshakeDatagrams == 8)
    #expect(scenario.worker.counters.refused(transport: .dtlsRefused) == 8)
    scenario.command(.removePeer(peer.id))
    #expect(scenario.arena.freeCount == scenario.arena.slotCount)
  }

  @Test(
    "An authenticated peer that sends nonsense as RTP and RTCP harms only itself",
    arguments: Seeds.first(4))
  func hostilePeer(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    var random = SeededRandom(seed: seed)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    let villain = try scenario.join(up: .perfect, down: .perfect)
    _ = scenario.publish(
      ChangeTests.camera(5, ssrc: 6000), by: villain, isDeclared: Bool.random(using: &random))
    scenario.view(
      camera, kind: .video, by: villain, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    for _ in 0..<3000 {
      let bytes = Nonsense.packet(&random)
      if let datagram = villain.peer.protect(bytes.octets, isRTCP: bytes.isRTCP) {
        scenario.network.send(
          datagram, to: .worker(from: villain.peer.address), now: scenario.now)
      }
      scenario.run(for: .milliseconds(1))
    }
    scenario.run(for: .seconds(1))
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    scenario.expect(
      InvariantChecker.complete(
        viewer.peer.received(SSRC(9000)), stream: 1,
        published: patient.peer.packetCount(stream: 1), tail: 10), "video")
    #expect(scenario.leastFree > 2000, scenario.replay)
    for member in scenario.members { scenario.command(.removePeer(member.id)) }
    scenario.run(for: .seconds(1))
    #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
  }
}

/// RTP and RTCP that are near enough to right ones to get far.
enum Nonsense {
  static func pick<Value>(_ values: [Value], _ random: inout SeededRandom) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }

  static func packet(_ random: inout SeededRandom) -> (octets: [UInt8], isRTCP: Bool) {
    let isRTCP = Bool.random(using: &random)
    let count = Int.random(in: isRTCP ? 2...40 : 4...80, using: &random) * 4
    var octets = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    octets[0] = 0x80 | octets[0] & 0x3F
    func put(_ value: UInt32, at offset: Int) {
      guard offset + 4 <= octets.count else { return }
      for i in 0..<4 { octets[offset + i] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * i)) }
    }
    if isRTCP {
      octets[1] = UInt8.random(in: 200...207, using: &random)
      let words =
        Bool.random(using: &random) ? count / 4 - 1 : Int.random(in: 0...20, using: &random)
      octets[2] = 0
      octets[3] = UInt8(truncatingIfNeeded: words)
      if octets[1] >= 205 {
        octets[0] = 0x80 | pick([1, 1, 4, 15], &random)
        put(pick([9000, 9001, 2000, 6000], &random), at: 8)
      } else if Bool.random(using: &random) {
        octets[0] = 0x81
        put(6000, at: 4)
      }
    } else {
      octets[0] = pick([0x80, 0x90, 0xA0, 0xB0], &random)
      octets[1] = pick([96, 97, 111, 96 | 0x80], &random)
      let wild = UInt32(truncatingIfNeeded: random.next())
      put(pick([6000, 6001, 2000, wild], &random), at: 8)
      if octets[0] & 0x10 != 0 {
        octets[12] = 0xBE
        octets[13] = 0xDE
        octets[14] = 0
        octets[15] = UInt8.random(in: 0...4, using: &random)
      }
    }
    return (octets, isRTCP)
  }
}
