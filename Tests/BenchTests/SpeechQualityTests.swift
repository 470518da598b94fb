import Testing

@testable import Bench

@Suite struct SpeechQualityTests {
  @Test(
    "the fullband E-model of ITU-T G.107.2 for Opus at 34 kbit/s",
    arguments: [
      (0.0, 0.0, 4.340), (80, 1, 4.129), (150, 2, 3.897), (250, 5, 2.834), (400, 10, 1.474),
    ])
  func vectors(_ delay: Double, _ loss: Double, _ expected: Double) {
    let score = SpeechQuality.meanOpinionScore(delay: delay, loss: loss)
    #expect(abs(score - expected) < 0.002)
  }
}
