import Testing
import Wire

struct BurstGapTests {
  static func counts(_ pattern: String) -> BurstGapCounts {
    var counts = BurstGapCounts()
    for packet in pattern {
      if packet == "R" { counts.noteReceived() } else { counts.noteLost(1) }
    }
    return counts
  }

  @Test("Bursts and gaps of RFC 3611 appendix A.2, vector V4")
  func vector() throws {
    let received = { String(repeating: "R", count: $0) }
    let counts = Self.counts(
      received(40) + "L" + received(30) + "LLRRLRL" + received(50) + "L" + received(20))
    #expect((counts.c11, counts.c13, counts.c14) == (120, 2, 1))
    #expect((counts.c22, counts.c23, counts.c33) == (1, 2, 1))
    #expect(abs(counts.burstDensity - 0.625) < 1e-9)
    #expect(abs(counts.gapDensity * 256 - 2.116) < 0.001)
    let lengths = try #require(counts.meanLengths)
    #expect(abs(lengths.gap * 20 - 1230) < 0.001)
    #expect(abs(lengths.burst * 20 - 80) < 0.001)
  }

  @Test("Nothing lost is no burst and no gap density; absurd counts end")
  func ends() {
    #expect(Self.counts("RRRR").burstDensity == 0)
    #expect(Self.counts("RRRR").meanLengths == nil)
    var counts = BurstGapCounts()
    counts.noteLost(.max)
    counts.noteLost(-1)
    #expect(counts.c33 == 4096)
  }
}
