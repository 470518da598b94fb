import Testing
import Wire

@testable import Congestion

@Suite struct ProbeTests {
  private func input(_ estimate: Double, demand: Double = 3e6) -> ProbeController.Input {
    ProbeController.Input(
      estimate: estimate, demand: demand, limitedSince: nil, lastTrouble: nil,
      roundTrip: .milliseconds(50), spread: .zero)
  }

  /// The result of a cluster of ten packets sent 2 ms apart that arrive `gap` microseconds apart.
  private func result(gap: Int64, lost: Set<Int64> = []) -> Double? {
    var estimator = ProbeEstimator()
    let id = ProbeCluster.ID(rawValue: 1)
    estimator.begin(
      ProbeCluster(id: id, rate: 2_000_000, minimumPackets: 5, minimumOctets: 5000))
    for _ in 0..<10 { estimator.packetSent(length: 500, probe: id) }
    for i in 0..<(10 as Int64) {
      estimator.add(
        PacketResult(
          sequence: i, sent: milliseconds(2 * i), arrival: lost.contains(i) ? nil : i * gap,
          length: 500, kind: .padding, probe: id, wasLost: false))
    }
    #expect(estimator.isComplete)
    return estimator.result
  }

  @Test("a probe that came through has the rate at which it was sent")
  func through() throws {
    let rate = try #require(result(gap: 2000))
    #expect(abs(rate - 2e6) < 1)
  }

  @Test("a probe that was spread tells a little less than the rate at which it came")
  func saturated() throws {
    let rate = try #require(result(gap: 8000))
    #expect(abs(rate - 0.95 * 5e5) < 1)
  }

  @Test("too few packets, or arrival much faster than sending, tell nothing")
  func nothing() {
    #expect(result(gap: 2000, lost: [1, 2, 3, 4, 5]) == nil)
    #expect(result(gap: 500) == nil)
    #expect(result(gap: 0) == nil)
    #expect(result(gap: 2000, lost: [3, 6]) != nil)
  }

  @Test("3 times, then 6 times the start, then twice what was found, until the demand is covered")
  func start() {
    var controller = ProbeController(ProbeSettings())
    let first = controller.update(input(300_000), at: milliseconds(0))
    #expect(first?.rate == 900_000)
    #expect(controller.update(input(300_000), at: milliseconds(1)) == nil)
    let second = controller.completed(880_000, input(300_000), at: milliseconds(100))
    #expect(second?.rate == 1_800_000)
    let third = controller.completed(1_700_000, input(880_000), at: milliseconds(200))
    #expect(third?.rate == 3_400_000)
    #expect(third?.id != second?.id)
    #expect(controller.completed(3_100_000, input(1_700_000), at: milliseconds(300)) == nil)
    #expect(controller.update(input(3_100_000), at: milliseconds(60_000)) == nil)
  }

  @Test("a probe that found nothing makes the next ones rarer; trouble puts them off")
  func rarer() {
    var controller = ProbeController(ProbeSettings())
    var times: [Int64] = []
    for ms in stride(from: 0, to: 60_000, by: 50) as StrideTo<Int64> {
      if controller.update(input(300_000), at: milliseconds(ms)) != nil {
        times.append(ms)
        _ = controller.completed(290_000, input(300_000), at: milliseconds(ms + 40))
      }
    }
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
    #expect(gaps.first == 6_000)
    #expect(gaps.last == 8_000)
    var troubled = input(300_000)
    troubled.lastTrouble = milliseconds(69_000)
    #expect(controller.update(troubled, at: milliseconds(70_000)) == nil)
    #expect(controller.update(troubled, at: milliseconds(72_000)) != nil)
  }

  @Test("a probe without an answer is given up")
  func timeout() {
    var controller = ProbeController(ProbeSettings())
    _ = controller.update(input(300_000), at: milliseconds(0))
    let deadline = controller.deadline
    #expect(deadline == milliseconds(1_050))
    #expect(controller.update(input(300_000), at: milliseconds(1_050)) == nil)
    #expect(controller.deadline == nil)
    #expect(controller.completed(5e6, input(300_000), at: milliseconds(1_060)) == nil)
  }
}
