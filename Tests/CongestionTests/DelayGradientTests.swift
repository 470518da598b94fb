import Testing
import Wire

@testable import Congestion

@Suite struct DelayGradientTests {
  /// Sends every `step` ms over a path whose queue grows by `growth` ms a ms.
  private func slope(growth: Double, noise: Double = 0, count: Int64 = 60) -> Double {
    var groups = InterArrival()
    var line = TrendlineEstimator()
    var random = SeededRandom(seed: 5)
    for i in 0..<count {
      let sent = i * 10_000
      let arrived = sent + 1_000_000 + Int64(Double(sent) * growth + noise * 1000 * random.unit())
      if let delta = groups.add(sent: sent, arrived: arrived) { line.update(delta) }
    }
    return line.slope
  }

  @Test("the line's slope is the growth of the queue")
  func slopes() {
    #expect(abs(slope(growth: 0)) < 1e-9)
    #expect(abs(slope(growth: 0.1) - 0.1) < 0.03)
    #expect(abs(slope(growth: -0.1) + 0.1) < 0.03)
    #expect(abs(slope(growth: 0, noise: 8)) < 0.05)
  }

  @Test("packets that leave within 5 ms are one group")
  func groups() {
    var groups = InterArrival()
    var deltas: [InterArrival.Delta] = []
    for (sent, arrived) in [
      (0, 100), (1, 101), (4, 110), (20, 121), (24, 130), (40, 145), (60, 166),
    ] as [(Int64, Int64)] {
      if let delta = groups.add(sent: sent * 1000, arrived: arrived * 1000) { deltas.append(delta) }
    }
    #expect(deltas.map(\.sent) == [20_000, 16_000])
    #expect(deltas.map(\.arrived) == [20_000, 15_000])
  }

  @Test("a clock that jumps starts anew instead of a gradient")
  func jump() {
    var groups = InterArrival()
    var worst: Int64 = 0
    for i in 0..<(200 as Int64) {
      let jump: Int64 = i >= 100 ? 3_600_000_000 : 0
      if let delta = groups.add(sent: i * 10_000, arrived: i * 10_000 + jump) {
        worst = max(worst, abs(delta.arrived - delta.sent))
      }
    }
    #expect(worst == 0)
  }

  @Test("over-use needs a queue, a trend and time; jitter raises the threshold")
  func detector() {
    var detector = OveruseDetector()
    for i in 0..<(40 as Int64) {
      detector.update(
        slope: 0.3, samples: 60, sent: 10_000, isQueueing: false, arrival: i * 10_000)
    }
    #expect(detector.usage == .normal)
    #expect(detector.threshold > 30)
    detector = OveruseDetector()
    detector.update(slope: 0.3, samples: 60, sent: 10_000, isQueueing: true, arrival: 0)
    #expect(detector.usage == .normal)
    detector.update(slope: 0.3, samples: 60, sent: 10_000, isQueueing: true, arrival: 10_000)
    #expect(detector.usage == .overuse)
    detector.update(slope: -0.3, samples: 60, sent: 10_000, isQueueing: true, arrival: 20_000)
    #expect(detector.usage == .underuse)
  }

  @Test("a standing queue is seen through jitter, and jitter is none")
  func queueDelay() {
    var queue = QueueDelay()
    var random = SeededRandom(seed: 3)
    for i in 0..<(500 as Int64) {
      let jitter = Int64(30_000 * random.unit())
      queue.add(sent: i * 5_000, arrived: i * 5_000 + 40_000 + jitter)
    }
    #expect(queue.standing < .milliseconds(12))
    for i in 500..<(700 as Int64) {
      let jitter = Int64(30_000 * random.unit())
      queue.add(sent: i * 5_000, arrived: i * 5_000 + 240_000 + jitter)
    }
    #expect(queue.standing > .milliseconds(190))
    #expect(queue.standing < .milliseconds(220))
  }
}
