import Testing

@testable import Quality

struct ScoreVectorTests {
  @Test(
    "Fullband E-model with Opus, vectors V5 to V9",
    arguments: [
      (0.0, 0.0, 133.240, 4.340), (80, 1, 122.697, 4.129), (150, 2, 113.651, 3.897),
      (250, 5, 81.273, 2.834), (400, 10, 39.346, 1.474),
    ])
  func fullband(_ delay: Double, _ loss: Double, _ r: Double, _ score: Double) {
    let rating = EModel.fullband(OpusImpairment.at(bitrate: 34_000), delay: delay, loss: loss)
    #expect(abs(rating - r) < 0.002)
    #expect(abs(EModel.score(fullband: rating) - score) < 0.001)
  }

  @Test("Fullband E-model, bursty loss and another rate, vectors V10 and V11")
  func fullbandVariants() {
    let bursty = OpusImpairment.at(bitrate: 34_000, isBursty: true)
    let v10 = EModel.fullband(bursty, delay: 80, loss: 1)
    #expect(abs(v10 - 120.951) < 0.002)
    #expect(abs(EModel.score(fullband: v10) - 4.087) < 0.001)
    let v11 = EModel.fullband(OpusImpairment.at(bitrate: 40_000), delay: 80, loss: 3)
    #expect(abs(v11 - 108.871) < 0.002)
    #expect(abs(EModel.score(fullband: v11) - 3.759) < 0.001)
  }

  @Test("Narrowband E-model, vectors V12 and V13")
  func narrowband() {
    let v12 = EModel.narrowband(.g711, delay: 150, loss: 1)
    #expect(abs(v12 - 75.112) < 0.002)
    #expect(abs(EModel.score(narrowband: v12) - 3.827) < 0.001)
    let v13 = EModel.narrowband(.g711Concealed, delay: 400, loss: 5)
    #expect(abs(v13 - 53.349) < 0.002)
    #expect(abs(EModel.score(narrowband: v13) - 2.751) < 0.001)
  }

  @Test(
    "Delay impairment and the common map",
    arguments: [
      (150.0, 0.1635), (200, 3.0444), (250, 8.9167), (300, 14.7607), (400, 24.0701),
      (500, 30.6359),
    ])
  func delay(_ delay: Double, _ impairment: Double) {
    #expect(abs(EModel.delayImpairment(delay) - impairment) < 0.0002)
  }

  @Test(
    "Scores of ratings",
    arguments: [
      (50.0, 2.575), (60, 3.1), (70, 3.597), (80, 4.024), (90, 4.339), (93.2, 4.409), (3.2, 1),
      (-5, 1), (120, 4.5), (.nan, 1),
    ])
  func map(_ r: Double, _ score: Double) {
    #expect(abs(EModel.score(narrowband: r) - score) < 0.001)
  }

  @Test("Between the rates of the table Opus is interpolated, beyond them it stays")
  func interpolation() {
    let between = OpusImpairment.at(bitrate: 35_500)
    #expect(abs(between.impairment - (14.76 + 12.08) / 2) < 1e-9)
    #expect(OpusImpairment.at(bitrate: 6_000).impairment == 30.16)
    #expect(OpusImpairment.at(bitrate: 510_000).impairment == 10.67)
    #expect(OpusImpairment.at(bitrate: .nan).impairment == 30.16)
  }

  @Test("The connection score falls fast, rises slowly and has a floor, vector V14")
  func connection() {
    var score = ConnectionScore()
    score.note(.opus, loss: 0.02, roundTrip: nil, jitter: nil)
    #expect(abs(score.value - 87.2) < 0.001)
    #expect(score.grade == .excellent)
    var delayed = ConnectionScore()
    delayed.note(.opus, loss: 0.02, roundTrip: 400, jitter: 30)
    #expect(abs(delayed.value - 76) < 0.001)
    var lossy = ConnectionScore()
    lossy.note(.opus, loss: 13.0 / 250, roundTrip: nil, jitter: nil)
    #expect(abs(lossy.value - 66.72) < 0.001)
    var broken = ConnectionScore()
    broken.note(.opus, loss: 30.0 / 250, roundTrip: nil, jitter: nil)
    #expect(broken.value == 30)
    #expect(broken.grade == .poor)
    var values: [Double] = []
    for _ in 0..<3 {
      broken.note(.opus, loss: 0, roundTrip: nil, jitter: nil)
      values.append(broken.value)
    }
    #expect(zip(values, [58, 74.8, 84.88]).allSatisfy { abs($0 - $1) < 0.001 })
    var thin = ConnectionScore()
    thin.note(expectedBits: 8e6, actualBits: 1.6e6)
    #expect(abs(thin.value - 74.25) < 0.01)
  }

  @Test(
    "The video score, vector V15",
    arguments: [
      (1_500_000.0, 30.0, 0.0, 3.678), (1_500_000, 15, 0, 2.749), (500_000, 30, 0, 3.063),
      (150_000, 30, 0, 2.389), (1_500_000, 30, 2.0 / 60, 3.011),
    ])
  func video(_ bitrate: Double, _ fps: Double, _ frozen: Double, _ expected: Double) {
    let delay = 25.0
    let score = VideoScore().score(
      bitrate: bitrate, frameRate: fps, delay: delay, frozen: frozen)
    #expect(abs(score - expected) < 0.002)
  }
}
