import ArgumentParser
import Simulation
import Testing
import Wire

@testable import Bench

@Suite struct NetworkScenarioTests {
  private static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: 0) + .milliseconds(milliseconds)
  }

  @Test("conditions change when the schedule says so, in the directions that were asked for")
  func schedule() throws {
    let scenario = try #require(NetworkScenario.named("narrow-and-wide"))
    let both = scenario.schedule(seconds: 60, directions: [.up, .down])
    func rate(_ schedule: PathSchedule, _ direction: PathDirection, _ second: Int64) -> Int64? {
      schedule.conditions(direction, at: .seconds(second)).rate
    }
    #expect(rate(both, .down, 9) == 2_000_000)
    #expect(rate(both, .up, 10) == 300_000)
    #expect(rate(both, .down, 39) == 300_000)
    #expect(rate(both, .down, 40) == 2_000_000)
    let down = scenario.schedule(seconds: 60, directions: [.down])
    #expect(rate(down, .up, 20) == nil)
    #expect(down.conditions(.up, at: .seconds(20)).delay == .milliseconds(20))
    #expect(both.before.rate == nil)
  }

  @Test("the same seed loses the same datagrams, whenever they are sent, and another seed others")
  func seed() {
    let conditions = LinkConditions(loss: .uniform(0.1), delay: .milliseconds(20))
    func lost(_ seed: UInt64, spacing: Int64) -> [Int] {
      var link = PathLink(.perfect, seed: seed)
      // What came before the beginning changes nothing.
      for n in 0..<Int(spacing) {
        _ = link.offer(
          100, isVideo: false, conditions: .perfect, now: Self.at(Int64(n)))
      }
      link.begin(at: Self.at(1000))
      return (0..<2000).filter {
        link.offer(
          1000, isVideo: true, conditions: conditions, now: Self.at(1000 + Int64($0) * spacing)
        ).isEmpty
      }
    }
    #expect(lost(1, spacing: 2) == lost(1, spacing: 7))
    #expect(lost(1, spacing: 2) != lost(2, spacing: 2))
    #expect((150...250).contains(lost(1, spacing: 2).count))
  }

  @Test("a full queue drops, its wait and what passed are noted by the tenth of a second")
  func queue() {
    // 80 kbit/s, 3 kB of queue; 160 kbit/s are sent for a second.
    let conditions = LinkConditions(delay: .zero, rate: 80_000, queue: 3_000)
    var link = PathLink(.perfect, seed: 1)
    link.begin(at: Self.at(0))
    for n in 0..<100 {
      _ = link.offer(172, isVideo: false, conditions: conditions, now: Self.at(Int64(n) * 10))
    }
    #expect(link.counts.offered == 100)
    #expect(link.counts.lost == 0)
    #expect((30...40).contains(link.counts.dropped))
    #expect((270.0...301).contains(link.slices.wait(0, 2)))
    #expect((76.0...84).contains(link.slices.passed(0.2, 1.2)))
    #expect(link.slices.settled(below: 100, from: 0.2, to: 0.9) == nil)
  }

  @Test("nothing passes a cut path, and all that comes after it")
  func cut() throws {
    let scenario = try #require(NetworkScenario.named("cut-5s"))
    var path = ParticipantPath(
      scenario.schedule(seconds: 25, directions: [.up, .down]), seed: 1)
    path.begin(at: Self.at(0))
    func arrives(_ milliseconds: Int64, _ direction: PathDirection) -> Bool {
      !path.offer(100, isVideo: true, direction, now: Self.at(milliseconds)).isEmpty
    }
    #expect(arrives(4_999, .up) && arrives(4_999, .down))
    #expect(!arrives(5_000, .up) && !arrives(9_999, .down))
    #expect(arrives(10_000, .up) && arrives(10_000, .down))
  }

  @Test("every scenario has a name of its own, goals, and lasts longer than it settles")
  func all() {
    #expect(Set(NetworkScenario.all.map(\.name)).count == NetworkScenario.all.count)
    for scenario in NetworkScenario.all {
      #expect(!scenario.goals.isEmpty)
      #expect(scenario.least <= scenario.seconds && scenario.settling < scenario.least)
      #expect(!scenario.phases(scenario.least).isEmpty)
    }
  }

  @Test("an unknown scenario is refused with the list of those there are")
  func unknown() throws {
    let error = #expect(throws: (any Error).self) {
      try NetworkCommand.parse(["--scenario", "loss-3"])
    }
    let message = NetworkCommand.message(for: try #require(error))
    #expect(message.contains("loss-2, loss-10, bursts-20") && message.contains("all"))
    #expect(throws: (any Error).self) {
      try NetworkCommand.parse(["--seconds", "2", "--scenario", "cut-5s"])
    }
    #expect(throws: Never.self) {
      try NetworkCommand.parse(["--scenario", "cut-5s", "--seconds", "15", "--direction", "up"])
    }
  }

  @Test("a goal is missed by what was measured, in each direction by itself")
  func verdicts() throws {
    let scenario = try #require(NetworkScenario.named("loss-2"))
    let link = PathLink.Counts(offered: 100, lost: 10, dropped: 0, videoLost: 10)
    var records = NetworkRecords()
    let path = NetworkRecords.Path(
      counts: .init(), up: link, down: link, upSlices: [], downSlices: [])
    records.paths = [path, path]
    func stream(_ receiver: Int, isVideo: Bool, every: Int64) -> StreamRecord {
      StreamRecord(
        receiver: receiver, sender: 1 - receiver, isVideo: isVideo,
        sound: isVideo
          ? []
          : (0..<500).map { (n: Int64) in
            .init(index: n, sent: Self.at(n * 20), arrived: Self.at(n * 20 + 30))
          },
        pictures: isVideo
          ? stride(from: 0, to: 10_000, by: Int(every)).map {
            .init(sent: Self.at(Int64($0)), ready: Self.at(Int64($0)))
          } : [],
        resent: 14, unasked: 0, octets: 0)
    }
    // The patient sees a picture every 33 ms, the physician one every 300.
    records.streams = [
      stream(1, isVideo: false, every: 0), stream(1, isVideo: true, every: 33),
      stream(0, isVideo: false, every: 0), stream(0, isVideo: true, every: 300),
    ]
    let evidence = NetworkEvidence(
      measures: [PathDirection.up, .down].map {
        NetworkMeasure($0, scenario, records, origin: Self.at(0), seconds: 10)
      }, seconds: 10)
    let gaps = evidence.verdicts(.longestGap(most: 0.2))
    #expect(gaps.map(\.isReached) == [false, true])
    #expect(evidence.verdicts(.concealed(below: 0.01)).allSatisfy { $0.isReached == true })
    #expect(evidence.verdicts(.pictures(least: 15)).map(\.isReached) == [false, true])
    // Up counts what the patient sent again, down what arrived of it: 14 for 10.
    #expect(evidence.verdicts(.resent(below: 1.3)).map(\.isReached) == [true, false])
    #expect(evidence.verdicts(.told).map(\.isReached) == [nil])
    let result = NetworkResult(
      name: "x", summary: "", seconds: 10, goals: gaps, measures: evidence.measures,
      disturbed: [])
    #expect(!result.isReached)
    #expect(result.text.contains("MISSED"))
    let report = NetworkReport(
      tool: "", date: "", machine: .current(), server: "", signaling: "whip", seed: 1,
      scenarios: [result])
    #expect(report.verdict == "MISSED in 1 of 1 scenario: x")
  }
}
