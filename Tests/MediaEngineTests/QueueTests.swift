import Testing
import Wire

@testable import MediaEngine

struct QueueTests {
  static let path = NetworkPath(
    remote: TransportAddress(ip: IPAddress(v4: 1), port: 2), local: .unspecified)

  static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("Handshakes wait in order, up to a bound, and give their slots back")
  func handshakes() throws {
    let arena = PacketArena(slotCount: 8)
    do {
      var queue = HandshakeQueue(capacity: 3, arena: arena)
      var accepted: [Bool] = []
      for i in 0..<4 {
        let slot = try #require(arena.allocate())
        let entry = HandshakeQueue.Entry(
          slot: slot, length: Int32(i), peer: 0, id: PeerID(rawValue: 1), path: Self.path)
        let isAccepted = queue.append(entry)
        accepted.append(isAccepted)
        if !isAccepted { arena.release(slot) }
      }
      #expect(accepted == [true, true, true, false])
      let first = queue.popFirst()
      #expect(first?.length == 0)
      if let first { arena.release(first.slot) }
      let count = queue.count
      #expect(count == 2)
    }
    #expect(arena.freeCount == 8)
    arena.deallocate()
  }

  @Test("A packet is repeated octet by octet, not too soon, not too often, not for ever")
  func repeats() throws {
    let arena = PacketArena(slotCount: 32)
    do {
      var kept = ProtectedPackets(capacity: 8, maximumAge: .seconds(1), arena: arena)
      let octets: [UInt8] = [0x80, 96, 0, 5, 1, 2, 3]
      octets.withUnsafeBytes { kept.keep($0, sequenceNumber: 5, now: Self.at(0)) }
      func copy(_ sequence: UInt16, _ time: Int64) -> [UInt8]? {
        let copy = kept.copy(
          of: sequence, interval: .milliseconds(50), now: Self.at(time))
        guard let copy else { return nil }
        defer { arena.release(copy.slot) }
        return Array(arena.buffer(copy.slot)[..<copy.length])
      }
      #expect(copy(6, 1) == nil)
      #expect(copy(13, 1) == nil)
      #expect(copy(5, 10) == octets)
      #expect(copy(5, 59) == nil)
      #expect(copy(5, 60) == octets)
      #expect(copy(5, 1001) == nil)
      // Credit is used up: eight at first, one more for the packet kept is beyond the bound.
      var count = 2
      for time in 0..<20 where copy(5, 110 + Int64(time) * 40) != nil { count += 1 }
      #expect(count <= 8)
    }
    #expect(arena.freeCount == 32)
    arena.deallocate()
  }

  @Test("A round trip is what remains of a sender report's way; nonsense is left out")
  func roundTrip() {
    var trip = RoundTrip()
    func block(lastSR: UInt32, delay: UInt32) -> ReportBlock {
      ReportBlock(
        ssrc: SSRC(1), fractionLost: 0, cumulativeLost: 0, extendedHighest: 0, jitter: 0,
        lastSR: lastSR, delaySinceLastSR: delay)
    }
    // RFC 3550 figure 2.
    let ntp = NTPTimestamp(seconds: 0x0000_B710, fraction: 0x8000_0000)
    trip.note(block(lastSR: 0, delay: 5), ntp: ntp)
    #expect(trip.smoothed == nil)
    trip.note(block(lastSR: 0xB705_2000, delay: 0x0005_4000), ntp: ntp)
    #expect(trip.smoothed == .milliseconds(6125))
    trip.note(block(lastSR: 0x0105_2000, delay: 0x0005_4000), ntp: ntp)
    trip.note(block(lastSR: 0xB711_0000, delay: 0xFFFF_0000), ntp: ntp)
    #expect((trip.smoothed ?? .zero) < .seconds(10))
  }

  @Test("What is too old to be repeated gives its slots back, also after a jump of the sequence")
  func repeatsExpire() throws {
    let arena = PacketArena(slotCount: 64)
    do {
      var kept = ProtectedPackets(capacity: 32, maximumAge: .milliseconds(100), arena: arena)
      let octets: [UInt8] = [1, 2, 3]
      var sequence: UInt16 = 65_500
      for i in 0..<100 {
        octets.withUnsafeBytes {
          kept.keep($0, sequenceNumber: sequence, now: Self.at(Int64(i) * 20))
        }
        sequence &+= 1
      }
      // Those of 0 to 100 ms before the last.
      #expect(arena.freeCount == 58)
      octets.withUnsafeBytes {
        kept.keep($0, sequenceNumber: sequence &+ 3000, now: Self.at(5000))
      }
      for i in 1..<40 {
        octets.withUnsafeBytes {
          kept.keep(
            $0, sequenceNumber: sequence &+ 3000 &+ UInt16(i), now: Self.at(5000 + Int64(i) * 20))
        }
      }
      #expect(arena.freeCount == 58)
    }
    #expect(arena.freeCount == 64)
    arena.deallocate()
  }
}
