import Testing

@testable import Quality

struct ScoreSummaryTests {
  @Test("A bad half minute shows in the worst window and the low percentile, not much in the mean")
  func aggregate() throws {
    var summary = ScoreSummary(usable: 3)
    for second in 0..<600 { summary.note((300..<330).contains(second) ? 1.5 : 4.2) }
    let mean = try #require(summary.mean)
    #expect(abs(mean - 4.065) < 1e-9)
    #expect(abs(try #require(summary.worstHalfMinute) - 1.5) < 1e-6)
    #expect(abs(try #require(summary.fifthPercentile) - 1.5) < 1e-6)
    #expect(summary.unusableShare == 0.05)
  }

  @Test("Nothing noted is nothing known")
  func empty() {
    var summary = ScoreSummary(usable: 3)
    #expect(summary.mean == nil)
    #expect(summary.fifthPercentile == nil)
    summary.note(.nan)
    #expect(summary.seconds == 0)
  }
}
