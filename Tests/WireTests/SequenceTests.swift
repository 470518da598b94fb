import Testing
import Wire

@Suite struct SequenceTests {
  @Test("the successor of 65535 is newer, half the circle away has no order")
  func serialOrder() {
    #expect(SequenceNumber(0).isNewer(than: SequenceNumber(65_535)))
    #expect(!SequenceNumber(65_535).isNewer(than: SequenceNumber(0)))
    #expect(!SequenceNumber(7).isNewer(than: SequenceNumber(7)))
    #expect(!SequenceNumber(0x8000).isNewer(than: SequenceNumber(0)))
    #expect(!SequenceNumber(0).isNewer(than: SequenceNumber(0x8000)))
    #expect(SequenceNumber(0x7FFF).isNewer(than: SequenceNumber(0)))
  }

  @Test("distance is signed and wraps")
  func distance() {
    #expect(SequenceNumber(65_530).distance(to: SequenceNumber(4)) == 10)
    #expect(SequenceNumber(4).distance(to: SequenceNumber(65_530)) == -10)
    #expect(SequenceNumber(0).distance(to: SequenceNumber(0x8000)) == .min)
    #expect(SequenceNumber(65_530).advanced(by: 10) == SequenceNumber(4))
    #expect(SequenceNumber(4).advanced(by: -10) == SequenceNumber(65_530))
  }

  @Test("order and distance agree for every pair of random numbers")
  func orderAgreesWithDistance() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<20_000 {
      let a = SequenceNumber(.random(in: .min ... .max, using: &random))
      let b = SequenceNumber(.random(in: .min ... .max, using: &random))
      let d = a.distance(to: b)
      #expect(b.isNewer(than: a) == (d > 0))
      #expect(a.advanced(by: Int(d)) == b)
    }
  }

  @Test("the unwrapper counts through many wraps and puts late numbers in their cycle")
  func unwrap() {
    var unwrapper = SequenceUnwrapper()
    #expect(unwrapper.unwrap(65_534) == 65_534)
    #expect(unwrapper.unwrap(1) == 65_537)
    #expect(unwrapper.unwrap(65_535) == 65_535)
    #expect(unwrapper.highest == 65_537)
    var expected: Int64 = 65_537
    for _ in 0..<1000 {
      expected += 30_000
      #expect(unwrapper.unwrap(UInt16(truncatingIfNeeded: expected)) == expected)
    }
  }

  @Test("what precedes the first number is negative")
  func beforeTheFirst() {
    var unwrapper = SequenceUnwrapper()
    #expect(unwrapper.unwrap(0) == 0)
    #expect(unwrapper.unwrap(65_535) == -1)
    #expect(unwrapper.unwrap(1) == 1)
  }

  @Test("peeking takes no note")
  func peek() {
    var unwrapper = SequenceUnwrapper()
    #expect(unwrapper.peek(9) == 9)
    #expect(unwrapper.highest == nil)
    _ = unwrapper.unwrap(10)
    #expect(unwrapper.peek(12) == 12)
    #expect(unwrapper.highest == 10)
  }

  @Test("a random walk within half the circle unwraps to itself")
  func unwrapRandomWalk() {
    var random = SeededRandom(seed: 2)
    var unwrapper = SequenceUnwrapper()
    var highest = Int64(UInt16.random(in: .min ... .max, using: &random))
    _ = unwrapper.unwrap(UInt16(highest))
    for _ in 0..<50_000 {
      let next = highest + Int64.random(in: -0x8000...0x7FFF, using: &random)
      #expect(unwrapper.unwrap(UInt16(truncatingIfNeeded: next)) == next)
      highest = max(highest, next)
    }
  }

  @Test("timestamps unwrap over 2^32")
  func timestamps() {
    var unwrapper = TimestampUnwrapper()
    #expect(unwrapper.unwrap(0xFFFF_FF00) == 0xFFFF_FF00)
    #expect(unwrapper.unwrap(0x100) == 0x1_0000_0100)
    #expect(unwrapper.unwrap(0xFFFF_FFFF) == 0xFFFF_FFFF)
    #expect(unwrapper.highest == 0x1_0000_0100)
  }
}
