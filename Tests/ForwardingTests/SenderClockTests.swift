import Testing
import Wire

@testable import Forwarding

struct SenderClockTests {
  @Test("The offset of the first report stays, whatever the way of the next; a step moves it")
  func offset() {
    var clock = SenderClock()
    let local = NTPTimestamp(seconds: 1000, fraction: 0)
    clock.note(NTPTimestamp(seconds: 5000, fraction: 0), local: local)
    #expect(clock.offset == .seconds(4000))
    clock.note(
      NTPTimestamp(seconds: 5001, fraction: 0), local: local.advanced(by: .milliseconds(1300)))
    #expect(clock.offset == .seconds(4000))
    clock.note(NTPTimestamp(seconds: 9000, fraction: 0), local: local.advanced(by: .seconds(2)))
    #expect(clock.offset == .seconds(7998))
  }

  @Test("Any timestamps that a hostile report carries are taken without harm")
  func hostile() {
    var random = SeededRandom(seed: 3)
    var clock = SenderClock()
    for _ in 0..<1000 {
      let local = NTPTimestamp(rawValue: random.next())
      clock.note(NTPTimestamp(rawValue: random.next()), local: local)
      let mapping = SenderReportMapping(
        ntp: NTPTimestamp(rawValue: random.next()),
        timestamp: UInt32(truncatingIfNeeded: random.next()))
      _ = mapping.timestamp(
        at: local.advanced(by: clock.offset ?? .zero), clockRate: 90_000)
    }
  }
}
