import Testing
import Wire

@Suite struct NTPTimestampTests {
  @Test("1970 is 2208988800 s after 1900, half a second is half of 2^32")
  func epoch() {
    let ntp = NTPTimestamp(MediaInstant(nanoseconds: 500_000_000), wallOffset: .zero)
    #expect(ntp == NTPTimestamp(seconds: 2_208_988_800, fraction: 0x8000_0000))
    #expect(ntp.middle32 == 0x7E80_8000)
    let before = NTPTimestamp(MediaInstant(nanoseconds: -250_000_000), wallOffset: .zero)
    #expect(before == NTPTimestamp(seconds: 2_208_988_799, fraction: 0xC000_0000))
  }

  @Test("the middle bits of RFC 3550 figure 2's NTP timestamp")
  func middle() {
    // 0xB44DB705 20000000 -> 0xB7052000
    let ntp = NTPTimestamp(rawValue: 0xB44D_B705_2000_0000)
    #expect(ntp.middle32 == 0xB705_2000)
  }

  @Test("the round trip of RFC 3550 figure 2 is 6.125 s")
  func roundTrip() {
    let arrival = NTPTimestamp(rawValue: 0xB710_8000 << 16)
    let roundTrip = arrival.middle32 &- 0x0005_4000 &- 0xB705_2000
    #expect(MediaDuration(compactNTP: roundTrip) == .milliseconds(6125))
    #expect(MediaDuration(compactNTP: 0x0005_4000) == .milliseconds(5250))
    #expect(MediaDuration.milliseconds(5250).compactNTP == 0x0005_4000)
    #expect(MediaDuration.milliseconds(-1).compactNTP == 0)
    #expect(MediaDuration.seconds(1_000_000).compactNTP == .max)
  }

  @Test("advancing and measuring are inverse to within a nanosecond")
  func advance() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<5000 {
      let start = NTPTimestamp(rawValue: random.next())
      let step = MediaDuration(
        nanoseconds: .random(in: -1_000_000_000_000_000...1_000_000_000_000_000, using: &random))
      let back = start.advanced(by: step).since(start)
      #expect(abs(back.nanoseconds - step.nanoseconds) <= 1)
    }
  }
}
