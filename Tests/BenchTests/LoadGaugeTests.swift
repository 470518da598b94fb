import Testing

@testable import Bench

@Suite struct LoadGaugeTests {
  @Test("a busy thread looks at its sockets less often, but not while someone connects")
  func turns() {
    var gauge = LoadGauge()
    #expect(gauge.turn(isJoining: false) == LoadGauge.shortestTurn)
    gauge.note(0, busy: 0)
    gauge.note(100_000_000, busy: 90_000_000)
    #expect(gauge.turn(isJoining: false) == LoadGauge.longestTurn)
    #expect(gauge.turn(isJoining: true) == LoadGauge.shortestTurn)
    gauge.note(200_000_000, busy: 100_000_000)
    #expect(gauge.turn(isJoining: false) == LoadGauge.shortestTurn)
  }
}
