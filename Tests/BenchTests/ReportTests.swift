import Foundation
import Testing

@testable import Bench

@Suite struct ReportTests {
  static func report(
    cpu: Double = 5, rooms: Int = 2, lost: Int64 = 0, others: Double = 0
  ) -> LoadReport {
    var histogram = LatencyHistogram()
    for i in 1...1_000 { histogram.record(Int64(i) * 10_000) }
    let spread = LoadReport.Spread(histogram)
    var traffic = TrafficCounts()
    traffic.rtpSent = 1_000
    return LoadReport(
      tool: "test", date: "2026-01-02T03:04:05Z",
      machine: .init(kernel: "6", processor: "a processor", cores: 2),
      setup: .init(
        command: "load", server: "http://127.0.0.1", signaling: "websocket", rooms: rooms,
        participants: 2, viewers: 0, videoKilobits: 1500, framesPerSecond: 30, hasAudio: true,
        hasVideo: true, seconds: 10, joinsPerSecond: 20, impairment: Impairment(), seed: 1,
        cpus: [1]),
      interval: 10,
      joins: .init(
        attempted: 4, connected: 4, failures: ["x": 1], broken: 0, signaling: spread, ice: spread,
        dtls: spread, connect: spread, firstPacket: spread, firstKeyframe: spread),
      audioDelay: spread, videoDelay: spread, delay: spread,
      delivery: .init(
        audio: .init(expected: 1_000, received: 1_000 - lost, lost: lost), video: .init(),
        generatorDrops: 0, serverDrops: nil, lostWhileJoining: 0),
      traffic: .init(
        sentPerSecond: 100, forwardedPerSecond: 100, sentMegabits: 1, forwardedMegabits: 1,
        counts: traffic), quality: .init(audioMOS: 4.3, audioLoss: 0),
      generator: .init(
        threadUtilisation: 0.1, processUtilisation: 0.2, lateness: spread, isSaturated: false,
        reasons: []),
      server: .init(
        cpuPerPacket: cpu, userPerPacket: 1, systemPerPacket: cpu - 1, cores: 0.2,
        switchesPerPacket: 0.1, residentBefore: 1, resident: 1_000_001, residentPeak: 3,
        residentPerParticipant: 250_000, threads: 5, descriptors: 30, descriptorsBefore: 20,
        descriptorsAfter: 20, otherCores: others, stolenCores: 0),
      leftovers: .init(consultations: 0, participants: 0, peers: 0, seconds: 0.1),
      timeline: [
        .init(
          second: 1, connected: 4, sent: 100, received: 100, delayP50: 1, delayP99: 2,
          delayMaximum: 3, latenessP99: 0, utilisation: 0.1)
      ])
  }

  @Test("a report comes back from its JSON as it was, alone and in a list")
  func roundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let one = folder.appending(path: "one.json").path
    let many = folder.appending(path: "many.json").path
    let reports = [Self.report(), Self.report(cpu: 7)]
    try LoadReport.write([reports[0]], to: one)
    try LoadReport.write(reports, to: many)
    #expect(try Comparison.read(one) == [reports[0]])
    #expect(try Comparison.read(many) == reports)
    #expect(throws: ServerComplaint.self) { try Comparison.read(folder.path + "/none") }
  }

  @Test("compared are medians; ranges that do not overlap get a star")
  func comparison() {
    let a = [4.0, 5, 9].map { Self.report(cpu: $0) }
    let b = [10.0, 11, 30].map { Self.report(cpu: $0) }
    let text = Comparison(reports: [a, b], names: ["A", "B"]).text
    let line = text.split(separator: "\n").first { $0.hasPrefix("server CPU") } ?? ""
    #expect(line.contains("5.00 (4.00-9.00)") && line.contains("11.0 (10.0-30.0)"))
    #expect(line.contains("2.20 *"))
    let same = Comparison(reports: [a, a], names: ["A", "B"]).text
    #expect(!same.contains("*"))
  }

  @Test("the service level names what broke")
  func serviceLevel() {
    let service = ServiceLevel()
    #expect(service.breaches(Self.report()).isEmpty)
    #expect(service.breaches(Self.report(lost: 3)).first?.contains("3 packets") == true)
    let strict = ServiceLevel(delayP99: 5, joinP95: 5)
    #expect(strict.breaches(Self.report()).count == 2)
  }

  @Test("the report for people says what was measured")
  func text() {
    let text = Self.report().text
    for word in [
      "2 rooms of 2", "5.00 us CPU per forwarded packet", "4 of 4 connections", "nothing left",
    ] {
      #expect(text.contains(word))
    }
    #expect(!text.contains("SATURATED"))
    #expect(!text.contains("DISTURBED"))
    #expect(Self.report(others: 0.7).text.contains("other programs used 0.70 of 2 cores"))
  }

  @Test("whose sockets dropped what is said, each of its own")
  func drops() {
    var report = Self.report(lost: 5)
    #expect(!report.text.contains("DROPPED"))
    report.delivery.serverDrops = 77
    #expect(report.text.contains("DROPPED BY THE SERVER'S SOCKETS before it read them: 77"))
    #expect(!report.text.contains("LOAD GENERATOR'S"))
    report.delivery.generatorDrops = 4
    #expect(report.text.contains("DROPPED BY THE LOAD GENERATOR'S SOCKETS"))
  }

  private func sweep(_ levels: [(rooms: Int, breaches: [String], saturated: Bool)])
    -> SweepRun.Result
  {
    let levels = levels.map { level in
      var report = Self.report(rooms: level.rooms)
      report.generator.isSaturated = level.saturated
      if level.saturated { report.generator.reasons = ["its media thread used 97 % of a core"] }
      return SweepRun.Level(
        rooms: level.rooms, report: report, breaches: level.breaches,
        isInconclusive: level.saturated)
    }
    return SweepRun.Result(levels: levels, participants: 2)
  }

  @Test("a sweep says the knee of the server, and no knee where the load generator was the limit")
  func knee() {
    let broke = sweep([(10, [], false), (20, ["3 packets of 9 lost"], false)])
    #expect(broke.carried == 10 && broke.broke == 20)
    #expect(broke.text.contains("carries 10 rooms of 2"))
    #expect(broke.text.contains("at 20 rooms: 3 packets of 9 lost"))
    let saturated = sweep([(10, [], false), (20, ["3 packets of 9 lost"], true)])
    #expect(saturated.broke == nil)
    #expect(saturated.text.contains("carries at least 10 rooms of 2"))
    #expect(saturated.text.contains("at 20 rooms the LOAD GENERATOR was the limit, not the server"))
    let nothing = sweep([(10, [], true)])
    #expect(nothing.headline.hasPrefix("the load generator saturated first"))
    #expect(
      sweep([(10, ["x"], false), (1, ["x"], false)]).headline.contains("not carry 1 room of"))
    #expect(sweep([(10, [], false)]).text.contains("more was not tried"))
  }

  @Test("an axis has at most eleven round numbers")
  func axis() {
    for (most, step) in [(1, 1), (10, 1), (11, 2), (45, 5), (100, 10), (101, 20), (338, 50)] {
      #expect(KneePlot.step(most) == step)
    }
  }

  @Test("numbers are shown with three digits that count")
  func numbers() {
    #expect(Shown.number(0.01234) == "0.012")
    #expect(Shown.number(1.236) == "1.24")
    #expect(Shown.number(12.36) == "12.4")
    #expect(Shown.number(1234.4) == "1234")
    #expect(Shown.fixed(-1.5, 2) == "-1.50")
    #expect(Shown.fixed(-0.001, 2) == "0.00")
    #expect(Shown.percent(1, of: 0) == "-")
  }

  @Test("a plot has a mark for each level, and is XML")
  func plot() {
    let points = [10, 20, 40].map {
      KneePlot.Point(
        rooms: $0, delayP50: 0.2, delayP99: Double($0),
        outcome: $0 < 30 ? .held : .broke)
    }
    let plot = KneePlot(points: points, limit: 20)
    let text = plot.text()
    #expect(text.filter { $0 == "X" }.count == 2)
    #expect(text.contains("40 rooms"))
    let svg = plot.svg(title: "a < b & c")
    #expect(svg.contains("a &lt; b &amp; c"))
    // Three levels, and the two kinds of them in the legend.
    #expect(svg.components(separatedBy: "<circle").count == 1 + 3 + 2)
    #expect(XMLNames.areBalanced(svg))
  }
}

/// Whether every element that opens closes, in order.
private enum XMLNames {
  static func areBalanced(_ text: String) -> Bool {
    var open: [String] = []
    for tag in text.components(separatedBy: "<").dropFirst() {
      guard let end = tag.firstIndex(of: ">") else { return false }
      let inside = tag[..<end]
      if inside.hasSuffix("/") { continue }
      if inside.hasPrefix("/") {
        guard open.popLast() == String(inside.dropFirst()) else { return false }
      } else {
        open.append(String(inside.prefix { $0 != " " && $0 != "\n" }))
      }
    }
    return open.isEmpty
  }
}
