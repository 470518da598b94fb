import Consultation
import Testing

@Suite("Wall clock")
struct WallClockTests {
  @Test(
    "writes RFC 3339 in UTC",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (1_795_299_215_250, "2026-11-21T22:13:35.250Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] as [(Int64, String)])
  func writes(milliseconds: Int64, text: String) {
    #expect(WallClock(milliseconds: milliseconds).description == text)
    #expect(WallClock(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test("reads offsets and fractions")
  func reads() {
    let noon = WallClock(rfc3339: "2026-11-21T12:00:00Z")
    #expect(noon != nil)
    #expect(WallClock(rfc3339: "2026-11-21T13:30:00+01:30") == noon)
    #expect(WallClock(rfc3339: "2026-11-21 04:00:00-08:00") == noon)
    #expect(
      WallClock(rfc3339: "2026-11-21T12:00:00.0019Z")?.milliseconds == (noon?.milliseconds ?? 0) + 1
    )
  }

  @Test(
    "refuses what is no date",
    arguments: [
      "", "now", "2026-11-21", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
      "2026-11-21T24:00:00Z", "2026-11-21T12:00:00", "2026-11-21T12:00:00.Z",
      "2026-11-21T12:00:00+1:00", "2026-11-21T12:00:00Zx", "2026-1１-21T12:00:00Z",
      "0000-00-00T00:00:00Z", "2026-11-21T12:00:00." + String(repeating: "1", count: 900) + "Z",
    ])
  func refuses(text: String) {
    #expect(WallClock(rfc3339: text) == nil)
  }

  @Test("survives a round trip at any moment of twenty thousand years")
  func roundTrip() {
    var generator = SplitMix(state: 3)
    for _ in 0..<10_000 {
      let moment = WallClock(
        milliseconds: .random(in: -62_000_000_000_000...253_000_000_000_000, using: &generator))
      #expect(WallClock(rfc3339: moment.description) == moment)
    }
  }

  @Test("stops at its ends instead of trapping")
  func saturates() {
    #expect(WallClock(milliseconds: .max).advanced(bySeconds: 1).milliseconds == .max)
    #expect(WallClock(milliseconds: 0).advanced(bySeconds: .min).milliseconds == .min)
    _ = WallClock(milliseconds: .max).description
    _ = WallClock(milliseconds: .min).description
  }
}
