import Testing
import Wire

@testable import Forwarding

struct RTPRewriterTests {
  static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: milliseconds * 1_000_000)
  }

  static func packet(
    _ arena: PacketArena, _ index: Int64, timestamp: UInt32 = 0, picture: UInt16? = nil,
    short: Bool = false, tl0: UInt8 = 0
  ) throws -> MediaPacket {
    let slot = try #require(arena.allocate())
    arena.release(slot)
    var vp8: VP8Descriptor?
    if let picture {
      let bytes: [UInt8] =
        short
        ? [0x90, 0xC0, UInt8(picture & 127), tl0, 1, 1]
        : [0x90, 0xC0, 0x80 | UInt8(picture >> 8), UInt8(picture & 255), tl0, 1, 1]
      vp8 = bytes.withUnsafeBytes { VP8Descriptor($0) }
    }
    return MediaPacket(
      slot: slot, index: index, arrival: at(0), timestamp: timestamp, payloadOffset: 12,
      payloadLength: 10, payload: 0, flags: [], audioLevel: 0, vp8: vp8)
  }

  let arena = PacketArena(slotCount: 1)

  @Test("Gaps of the publisher stay gaps, and what comes late fits in")
  func gaps() throws {
    var random = SeededRandom(seed: 1)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    let first = try Self.packet(arena, 1000)
    rewriter.resynchronize(at: first, clockRate: 90_000, keepsClock: false, now: Self.at(0))
    var sequences: [Int64] = []
    for i in [1000, 1001, 1004, 1002, 1003] {
      let fields = rewriter.rewrite(try Self.packet(arena, Int64(i)), now: Self.at(1))
      sequences.append(try #require(fields).sequence)
    }
    let base = sequences[0]
    #expect(sequences == [base, base + 1, base + 4, base + 2, base + 3])
  }

  @Test("What is left out leaves no gap, and late packets keep their place before it")
  func skips() throws {
    var random = SeededRandom(seed: 1)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    rewriter.resynchronize(
      at: try Self.packet(arena, 0), clockRate: 90_000, keepsClock: false, now: Self.at(0))
    func rewrite(_ i: Int64) throws -> Int64? {
      rewriter.rewrite(try Self.packet(arena, i), now: Self.at(1))?.sequence
    }
    let base = try #require(try rewrite(0))
    #expect(try rewrite(1) == base + 1)
    // 2 is late, 3 and 4 are left out.
    #expect(value(rewriter.skip(3)))
    #expect(value(rewriter.skip(4)))
    #expect(try rewrite(5) == base + 3)
    #expect(try rewrite(2) == base + 2)
    // 6 is late and to be left out: its number is a hole already.
    #expect(try rewrite(7) == base + 5)
    #expect(!value(rewriter.skip(6)))
    #expect(try rewrite(6) == base + 4)
  }

  @Test("Only so many left-out packets are remembered; what is older has no number")
  func boundedSkips() throws {
    var random = SeededRandom(seed: 1)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    rewriter.resynchronize(
      at: try Self.packet(arena, 0), clockRate: 90_000, keepsClock: false, now: Self.at(0))
    var sent: [Int64] = []
    for i in 0..<200 {
      if i % 2 == 1 {
        let left = rewriter.skip(Int64(i))
        #expect(left)
      } else {
        let fields = rewriter.rewrite(try Self.packet(arena, Int64(i)), now: Self.at(1))
        sent.append(try #require(fields).sequence)
      }
    }
    #expect(sent == (0..<100).map { sent[0] + Int64($0) })
    let ancient = rewriter.rewrite(try Self.packet(arena, 2), now: Self.at(1))
    #expect(ancient == nil)
  }

  @Test(
    "After a switch sequence, picture id and TL0PICIDX go on by one, the timestamp by the time passed"
  )
  func switching() throws {
    var random = SeededRandom(seed: 5)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    let a = try Self.packet(arena, 500, timestamp: 4_000_000_000, picture: 0x7FFF, tl0: 255)
    rewriter.resynchronize(at: a, clockRate: 90_000, keepsClock: false, now: Self.at(0))
    let before = try some(rewriter.rewrite(a, now: Self.at(0)))
    let b = try Self.packet(arena, 70_000, timestamp: 17, picture: 12, tl0: 3)
    rewriter.resynchronize(at: b, clockRate: 90_000, keepsClock: false, now: Self.at(200))
    let after = try some(rewriter.rewrite(b, now: Self.at(200)))
    #expect(after.sequence == before.sequence + 1)
    #expect(after.timestamp == before.timestamp &+ 18_000)
    #expect(after.pictureID == (before.pictureID + 1) & 0x7FFF)
    #expect(after.tl0PicIdx == before.tl0PicIdx &+ 1)
    // What comes late from before has no place.
    let late = rewriter.rewrite(
      try Self.packet(arena, 499, timestamp: 1, picture: 1), now: Self.at(201))
    #expect(late == nil)
    let c = try Self.packet(arena, 70_001, timestamp: 3017, picture: 13, tl0: 4)
    let next = try some(rewriter.rewrite(c, now: Self.at(233)))
    #expect(next.timestamp == after.timestamp &+ 3000)
    #expect(next.pictureID == (after.pictureID + 1) & 0x7FFF)
  }

  @Test("After a mute of the same stream the clock of the publisher goes on")
  func keepsClock() throws {
    var random = SeededRandom(seed: 5)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    let a = try Self.packet(arena, 500, timestamp: 1000)
    rewriter.resynchronize(at: a, clockRate: 48_000, keepsClock: false, now: Self.at(0))
    let before = try some(rewriter.rewrite(a, now: Self.at(0)))
    let b = try Self.packet(arena, 600, timestamp: 97_000)
    rewriter.resynchronize(at: b, clockRate: 48_000, keepsClock: true, now: Self.at(2013))
    let after = try some(rewriter.rewrite(b, now: Self.at(2013)))
    #expect(after.timestamp == before.timestamp &+ 96_000)
    #expect(after.sequence == before.sequence + 1)
  }

  @Test("Picture ids of the short form go on modulo 128")
  func shortForm() throws {
    var random = SeededRandom(seed: 5)
    var rewriter = RTPRewriter(continuing: nil, random: &random)
    var ids: [UInt16] = []
    for i in 0..<300 {
      let packet = try Self.packet(arena, Int64(i), picture: UInt16(i % 128), short: true)
      if i % 100 == 0 {
        rewriter.resynchronize(at: packet, clockRate: 90_000, keepsClock: false, now: Self.at(0))
      }
      ids.append(try some(rewriter.rewrite(packet, now: Self.at(0))).pictureID & 127)
    }
    for (a, b) in zip(ids, ids.dropFirst()) { #expect(b == (a + 1) & 127) }
  }
}
