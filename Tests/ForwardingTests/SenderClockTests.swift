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

  @Test("How much older sound came than the picture is told from the two clocks of the sender")
  func lag() throws {
    let there = NTPTimestamp(seconds: 5000, fraction: 0)
    let start = MediaInstant(nanoseconds: 77_000_000_000)
    /// The way of a stream whose packets leave each 20 ms and take a while.
    func lag(rate: UInt32, way: MediaDuration) throws -> MediaDuration {
      var statistics = ReceptionStatistics(clockRate: rate)
      let origin: UInt32 = 0xFFFF_FF00
      let mapping = SenderReportMapping(ntp: there, timestamp: origin)
      for packet in 0..<50 {
        let sent = MediaDuration.milliseconds(Int64(packet) * 20)
        _ = statistics.note(
          sequenceNumber: UInt16(packet), timestamp: origin &+ RTPClock.ticks(sent, rate: rate),
          arrival: start + sent + way)
      }
      // Asked later, with nothing new: it is of the last packet.
      let later = MediaDuration.seconds(3)
      return try #require(
        statistics.lag(
          expected: mapping.timestamp(at: there.advanced(by: later), clockRate: rate),
          now: start + later))
    }
    let sound = try lag(rate: 48_000, way: .milliseconds(140))
    let picture = try lag(rate: 90_000, way: .milliseconds(60))
    #expect(abs((sound - picture).microseconds - 80_000) < 500)
    #expect(abs(sound.microseconds - 140_000) < 500)
    #expect(ReceptionStatistics(clockRate: 48_000).lag(expected: 0, now: start) == nil)
  }
}
