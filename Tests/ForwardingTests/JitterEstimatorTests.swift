import Testing
import Wire

@testable import Forwarding

struct JitterEstimatorTests {
  @Test("The jitter of RFC 3550 A.8 in integers, vector V1")
  func vector() {
    var estimator = JitterEstimator(clockRate: 48_000)
    var values: [UInt32] = []
    for (i, arrival) in [0, 20, 45, 60, 95, 100].enumerated() {
      estimator.note(
        timestamp: UInt32(i) * 960,
        arrival: MediaInstant(nanoseconds: Int64(arrival) * 1_000_000))
      values.append(estimator.jitter)
    }
    #expect(values == [0, 0, 15, 29, 72, 112])
  }

  @Test("A constant path has no jitter, across the wrap of the timestamp and late clock origins")
  func wrap() {
    var estimator = JitterEstimator(clockRate: 90_000)
    var timestamp = UInt32.max - 9000
    var now = MediaInstant(nanoseconds: 9_000_000_000_000_000_000)
    for _ in 0..<100 {
      estimator.note(timestamp: timestamp, arrival: now)
      timestamp &+= 3000
      // 3000 ticks are 33 333 333.3 ns.
      now += MediaDuration(nanoseconds: 33_333_334)
    }
    #expect(estimator.jitter <= 1)
  }

  @Test("Packets of the same frame do not count")
  func sameFrame() {
    var estimator = JitterEstimator(clockRate: 90_000)
    for i in 0..<20 {
      estimator.note(timestamp: 5, arrival: MediaInstant(nanoseconds: Int64(i) * 5_000_000))
    }
    #expect(estimator.jitter == 0)
  }
}
