import Testing
import Wire

@testable import Forwarding

struct PacketHistoryTests {
  static func packet(_ arena: PacketArena, _ index: Int64, at milliseconds: Int64 = 0) throws
    -> MediaPacket
  {
    MediaPacket(
      slot: try #require(arena.allocate()), index: index,
      arrival: MediaInstant(nanoseconds: milliseconds * 1_000_000), timestamp: 0, payloadOffset: 12,
      payloadLength: 1, payload: 0, flags: [], audioLevel: 0, vp8: nil)
  }

  @Test("It holds at most its capacity and gives every slot back")
  func bounded() throws {
    let arena = PacketArena(slotCount: 64)
    do {
      var history = PacketHistory(capacity: 16, maximumAge: .seconds(1), arena: arena)
      for i in 0..<100 {
        let stored = history.insert(try Self.packet(arena, Int64(i)), holding: true)
        #expect(stored == .stored)
      }
      #expect(arena.freeCount == 48)
      let old = history.packet(at: 83)
      let held = history.packet(at: 84)
      #expect(old == nil)
      #expect(held != nil)
    }
    #expect(arena.freeCount == 64)
    arena.deallocate()
  }

  @Test("Old packets give their slot back but are still known as seen")
  func aged() throws {
    let arena = PacketArena(slotCount: 64)
    var history = PacketHistory(capacity: 16, maximumAge: .milliseconds(100), arena: arena)
    for i in 0..<5 {
      _ = history.insert(try Self.packet(arena, Int64(i), at: Int64(i) * 50), holding: true)
    }
    // At 200 ms those of 0, 50 and 100 ms are over.
    #expect(arena.freeCount == 62)
    let again = try Self.packet(arena, 1, at: 200)
    let outcome = history.insert(again, holding: true)
    #expect(outcome == .duplicate)
    let gone = history.packet(at: 1)
    #expect(gone == nil)
  }

  @Test("A packet that was never held is a duplicate the second time too")
  func padding() throws {
    let arena = PacketArena(slotCount: 4)
    var history = PacketHistory(capacity: 16, maximumAge: .seconds(1), arena: arena)
    let packet = try Self.packet(arena, 3)
    let first = history.insert(packet, holding: false)
    let second = history.insert(packet, holding: false)
    #expect(first == .stored)
    #expect(second == .duplicate)
  }

  @Test("A late packet takes its place, one before the ring is refused")
  func late() throws {
    let arena = PacketArena(slotCount: 64)
    var history = PacketHistory(capacity: 16, maximumAge: .seconds(1), arena: arena)
    _ = history.insert(try Self.packet(arena, 100), holding: true)
    _ = history.insert(try Self.packet(arena, 110), holding: true)
    let late = history.insert(try Self.packet(arena, 105), holding: true)
    let tooOld = history.insert(try Self.packet(arena, 94), holding: true)
    #expect(late == .stored)
    #expect(tooOld == .tooOld)
    let found = history.packet(at: 105)
    #expect(found != nil)
  }

  @Test("A jump ahead gives back all that the ring cannot reach any more")
  func jump() throws {
    let arena = PacketArena(slotCount: 64)
    var history = PacketHistory(capacity: 16, maximumAge: .seconds(1), arena: arena)
    for i in 0..<16 { _ = history.insert(try Self.packet(arena, Int64(i)), holding: true) }
    _ = history.insert(try Self.packet(arena, 200_000), holding: true)
    #expect(arena.freeCount == 63)
  }

  @Test("Random insertions and expiries never lose or double a slot")
  func random() throws {
    var random = SeededRandom(seed: 7)
    let arena = PacketArena(slotCount: 256)
    do {
      var history = PacketHistory(capacity: 64, maximumAge: .milliseconds(40), arena: arena)
      var base: Int64 = 1000
      for step in 0..<20_000 {
        base += Int64.random(in: 0...3, using: &random)
        let index = base - Int64.random(in: 0...90, using: &random)
        let packet = try Self.packet(arena, index, at: Int64(step / 4))
        let holding = Bool.random(using: &random)
        if history.insert(packet, holding: holding) != .stored || !holding {
          arena.release(packet.slot)
        }
        if step % 500 == 0 { history.releaseOldest() }
        if step % 3000 == 0 { history.removeAll() }
        let held = history.heldCount
        #expect(arena.freeCount == 256 - held)
      }
    }
    #expect(arena.freeCount == 256)
    arena.deallocate()
  }

  @Test("The ring grows to what the rate asks for, keeps all it held, and stops at its capacity")
  func growth() throws {
    let arena = PacketArena(slotCount: 4096)
    do {
      var history = PacketHistory(
        capacity: 512, maximumAge: .milliseconds(250), memory: .milliseconds(500), arena: arena)
      var sizes: [Int64: Int] = [:]
      for (rate, count) in [(Int64(50), Int64(200)), (200, 400), (5000, 4000)] {
        for _ in 0..<count {
          let newest = history.newest ?? 0
          let last = history.seen(at: newest)?.arrival.nanoseconds ?? 0
          var packet = try Self.packet(arena, newest + 1)
          packet.arrival = MediaInstant(nanoseconds: last + 1_000_000_000 / rate)
          let outcome = history.insert(packet, holding: true)
          #expect(outcome == .stored)
          // A quarter of a second is always there.
          let expected = min(rate / 4, history.heldCount > 0 ? Int64(history.heldCount) : 0)
          let oldest = history.packet(at: packet.index - max(expected - 1, 0))
          #expect(oldest != nil)
        }
        sizes[rate] = history.size
      }
      #expect(sizes == [50: 32, 200: 128, 5000: 512])
      let held = history.heldCount
      #expect(arena.freeCount == 4096 - held)
    }
    #expect(arena.freeCount == 4096)
    arena.deallocate()
  }

  @Test("A packet comes back with the descriptor that it was stored with")
  func descriptor() throws {
    let arena = PacketArena(slotCount: 4)
    var history = PacketHistory(capacity: 16, maximumAge: .seconds(1), arena: arena)
    var packet = try Self.packet(arena, 1)
    let octets: [UInt8] = [0x90, 0xE0, 0x81, 0x02, 7, 0x20, 0, 1, 2, 3]
    octets.withUnsafeBytes { arena.buffer(packet.slot).setBytes($0, at: 12) }
    packet.payloadLength = UInt16(octets.count)
    packet.vp8 = octets.withUnsafeBytes { VP8Descriptor($0) }
    _ = history.insert(packet, holding: true)
    let found = history.packet(at: 1)
    #expect(found?.vp8 != nil)
    #expect(found?.vp8 == packet.vp8)
  }

  @Test("A shorter age gives slots back at the next packet")
  func shortened() throws {
    let arena = PacketArena(slotCount: 64)
    var history = PacketHistory(capacity: 64, maximumAge: .seconds(1), arena: arena)
    for i in 0..<20 {
      _ = history.insert(try Self.packet(arena, Int64(i), at: Int64(i) * 20), holding: true)
    }
    #expect(arena.freeCount == 44)
    history.maximumAge = .milliseconds(100)
    _ = history.insert(try Self.packet(arena, 20, at: 400), holding: true)
    #expect(arena.freeCount == 59)
  }
}
