import Testing
import Wire

@testable import Congestion

@Suite struct LossEstimatorTests {
  /// Sends at the rates given, a second each, over what loses `inherent` and all above `capacity`.
  private func bound(
    rates: [Double], inherent: Double, capacity: Double, isQueueing: Bool = false
  ) -> (bound: Double, inherent: Double) {
    var estimator = LossEstimator()
    var random = SeededRandom(seed: 11)
    var sequence: Int64 = 0
    var time = 0.0
    for rate in rates {
      let end = time + 1
      while time < end {
        time += 8000 / rate
        sequence += 1
        let excess = max(0, rate - capacity) / rate
        let isLost = random.unit() < inherent + (1 - inherent) * excess
        estimator.add(
          PacketResult(
            sequence: sequence, sent: MediaInstant(nanoseconds: Int64(time * 1e9)),
            arrival: isLost ? nil : 1, length: 1000, kind: .video, probe: .none, wasLost: false))
        if sequence % 10 == 0 {
          estimator.update(
            delayBased: 2e6, isQueueing: isQueueing && excess > 0, floor: 40_000,
            at: MediaInstant(nanoseconds: Int64(time * 1e9)))
        }
      }
    }
    return (estimator.bound, estimator.inherentLoss)
  }

  private let varied = [8e5, 1.1e6, 9e5, 1.2e6, 1e6, 1.3e6, 9e5, 1.2e6, 1.1e6, 8e5]

  @Test("no loss, no bound")
  func clean() {
    let found = bound(rates: varied, inherent: 0, capacity: 1e9)
    #expect(found.bound == .infinity)
    #expect(found.inherent <= 0.001)
  }

  @Test("loss that does not follow the rate is the path's nature", arguments: [0.03, 0.1, 0.2])
  func inherent(share: Double) {
    let found = bound(rates: varied, inherent: share, capacity: 1e9)
    #expect(found.bound > 1.2e6)
    #expect(abs(found.inherent - share) < 0.05)
  }

  @Test("loss of what exceeds a capacity bounds the estimate to it")
  func policer() {
    let found = bound(
      rates: [5e5, 5e5, 6e5, 9e5, 9e5, 9e5, 9e5, 9e5], inherent: 0, capacity: 6e5)
    #expect(found.bound < 8e5)
    #expect(found.bound > 4e5)
  }

  @Test("both at once are told apart")
  func both() {
    let found = bound(
      rates: [4e5, 5e5, 4e5, 5e5, 1.1e6, 1.1e6, 1.1e6, 1.1e6], inherent: 0.08, capacity: 6e5)
    #expect(found.bound < 8e5)
    #expect(found.inherent < 0.2)
  }

  @Test("loss while a queue stands is congestion at any constant rate")
  func queueing() {
    let found = bound(
      rates: [9e5, 9e5, 9e5, 9e5, 9e5, 9e5], inherent: 0, capacity: 6e5, isQueueing: true)
    #expect(found.bound < 7.5e5)
  }
}
