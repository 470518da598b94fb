import Testing

@testable import Bench

@Suite struct ArrivalTests {
  @Test(
    "Erlang B gives the published blocking",
    arguments: [
      (45.0, 58, 0.00962), (45, 66, 0.00068), (15, 24, 0.00839), (15, 28, 0.00086),
      (10, 10, 0.214582),
    ])
  func blocking(_ load: Double, _ lines: Int, _ expected: Double) {
    #expect(abs(ErlangB.blocking(load: load, lines: lines) - expected) < 0.000005)
  }

  @Test(
    "the fewest lines for a blocking",
    arguments: [
      (0.6, 0.01, 4), (0.6, 0.001, 5), (15, 0.01, 24), (15, 0.001, 28), (45, 0.01, 58),
      (45, 0.001, 66), (7_156.32, 0.001, 7_308),
    ])
  func lines(_ load: Double, _ blocking: Double, _ expected: Int) {
    #expect(ErlangB.lines(load: load, blocking: blocking) == expected)
  }

  @Test("no load needs no line, no line carries nothing")
  func borders() {
    #expect(ErlangB.lines(load: 0, blocking: 0.01) == 0)
    #expect(ErlangB.blocking(load: 0, lines: 3) == 0)
    #expect(ErlangB.blocking(load: 3, lines: 0) == 1)
  }

  @Test("the profiles are those of the capacity model")
  func profiles() throws {
    func profile(_ name: String) throws -> CapacityProfile {
      try #require(CapacityProfile(argument: name))
    }
    #expect(try Int(profile("aphp-2020").callsInBusyHour.rounded()) == 45)
    #expect(try profile("aphp-2020").lines == 28)
    #expect(try Int(profile("aphp-2022").load.rounded()) == 45)
    #expect(try profile("aphp-2022").lines == 66)
    #expect(try Int(profile("france-peak").callsInBusyHour.rounded()) == 26_836)
    #expect(try Int(profile("france-peak").load.rounded()) == 7_156)
    #expect(try profile("aphp-2018").lines == 5)
    #expect(CapacityProfile(argument: "mars-2050") == nil)
    // 0.6 and 112 joins a second.
    #expect(try profile("aphp-2022").participantsInStorm == 34)
    #expect(try profile("france-peak").participantsInStorm / 60 == 111)
    #expect(try profile("france-peak").scaled(by: 0.1).roomsInProgress == 716)
  }

  @Test("a storm comes within its minute, the same one for the same seed")
  func storm() {
    let storm = StormSchedule(participants: 600, seconds: 60, seed: 3)
    #expect(storm.times.count == 600)
    #expect(storm.times == storm.times.sorted())
    #expect(storm.times.allSatisfy { (0..<60).contains($0) })
    #expect(storm.times == StormSchedule(participants: 600, seconds: 60, seed: 3).times)
    #expect(storm.times != StormSchedule(participants: 600, seconds: 60, seed: 4).times)
    #expect((10...40).contains(storm.peak))
  }
}
