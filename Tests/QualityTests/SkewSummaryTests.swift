import Testing

@testable import Quality

struct SkewSummaryTests {
  @Test("The picture is ahead when what is seen was recorded later than what is heard")
  func sign() {
    #expect(SkewSummary.skew(picture: 4_000_000_000_120, sound: 4_000_000_000_000) == 120)
    #expect(SkewSummary.skew(picture: 4_000_000_000_000, sound: 4_000_000_000_120) == -120)
  }

  @Test("Instants of different clocks give no skew")
  func otherClocks() {
    #expect(SkewSummary.skew(picture: 4_000_000_000_000, sound: 1_790_000_000_000) == nil)
    #expect(SkewSummary.skew(picture: .infinity, sound: 0) == nil)
    #expect(SkewSummary.skew(picture: .nan, sound: 0) == nil)
  }

  @Test("The mean is of distances, the worst keeps its sign, beyond 200 ms is out of step")
  func summary() {
    var summary = SkewSummary()
    #expect(summary.mean == nil && summary.worst == nil)
    for skew in [-50, 50, -260, 200] { summary.note(Double(skew)) }
    summary.note(.nan)
    #expect(summary.seconds == 4)
    #expect(summary.mean == 140)
    #expect(summary.worst == -260)
    #expect(summary.secondsOutOfStep == 1)
  }
}
