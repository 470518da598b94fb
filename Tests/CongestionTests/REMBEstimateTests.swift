import Congestion
import Testing
import Wire

@Suite struct REMBEstimateTests {
  let bounds = 40_000.0...5_000_000.0

  @Test("the peer's word counts both ways while nothing is lost, and not for ever")
  func remb() {
    var estimate = REMBEstimate(start: 300_000)
    estimate.receive(remb: 900_000, at: milliseconds(0))
    #expect(estimate.estimate(within: bounds, at: milliseconds(10)) == 900_000)
    estimate.receive(remb: 200_000, at: milliseconds(1000))
    #expect(estimate.estimate(within: bounds, at: milliseconds(1010)) == 200_000)
    #expect(estimate.estimate(within: bounds, at: milliseconds(12_000)) == 900_000)
    estimate.receive(remb: .max, at: milliseconds(13_000))
    #expect(estimate.estimate(within: bounds, at: milliseconds(13_000)) == 5_000_000)
  }

  @Test("loss of the last hop cuts, loss on the way to us does not")
  func loss() {
    var estimate = REMBEstimate(start: 1_000_000)
    for i in 0..<10 as Range<Int64> {
      estimate.receive(
        fractionLost: 51, upstreamLoss: 0.2, sending: 1e6, at: milliseconds(i * 1000))
    }
    let upstream = estimate.estimate(within: bounds, at: milliseconds(10_000))
    #expect(upstream >= 1_000_000)
    for i in 10..<13 as Range<Int64> {
      for report in 0..<5 as Range<Int64> {
        estimate.receive(
          fractionLost: 51, upstreamLoss: 0, sending: 1e6,
          at: milliseconds(i * 1000 + report * 10))
      }
    }
    let cut = estimate.estimate(within: bounds, at: milliseconds(13_000))
    #expect(cut < upstream * 0.8)
    #expect(cut > upstream * 0.6)
  }

  @Test("the whole estimator follows REMB until transport-wide feedback is heard")
  func fallback() throws {
    var estimator = BandwidthEstimator()
    estimator.receive(remb: 700_000, at: milliseconds(0))
    var estimate = estimator.estimate
    #expect(estimate == 700_000)
    let taken = estimator.takeChange()
    let change = try #require(taken)
    #expect(change.limit == .remb)
    estimator.packetSent(sequence: 1, length: 1000, kind: .video, at: milliseconds(100))
    FeedbackBytes.parse(FeedbackBytes.write([(1, 400)])) {
      estimator.receive($0, at: milliseconds(150))
    }
    estimate = estimator.estimate
    #expect(estimate == 300_000)
    estimator.receive(remb: 100_000, at: milliseconds(200))
    estimate = estimator.estimate
    #expect(estimate == 100_000)
  }
}
