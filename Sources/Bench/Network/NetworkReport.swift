internal import Foundation

/// A scenario, and how it went.
struct NetworkResult: Sendable, Codable {
  var name: String
  var summary: String
  /// From the beginning of the trouble.
  var seconds: Double
  var goals: [NetworkVerdict]
  var measures: [NetworkMeasure]
  /// Why the bench itself may be to blame; empty when it was not.
  var disturbed: [String]

  var isReached: Bool { !goals.contains { $0.isReached == false } }
}

struct NetworkReport: Sendable, Codable {
  var schema = 1
  var tool: String
  var date: String
  var machine: LoadReport.Machine
  var server: String
  /// `websocket`, `whip`
  var signaling: String
  var seed: UInt64
  var scenarios: [NetworkResult]

  var missed: [NetworkResult] { scenarios.filter { !$0.isReached } }

  func write(to file: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: URL(fileURLWithPath: file))
  }

  /// The last line.
  var verdict: String {
    missed.isEmpty
      ? "\(Shown.count(scenarios.count, "scenario")): all goals reached"
      : "MISSED in \(missed.count) of \(Shown.count(scenarios.count, "scenario")): "
        + missed.map(\.name).joined(separator: ", ")
  }
}

extension NetworkResult {
  var text: String {
    var goals = TextTable(["\(name): \(summary), \(Shown.number(seconds)) s", "measured", ""])
    for verdict in self.goals {
      let whose = verdict.direction.map { "\($0.receiver): " } ?? ""
      goals.add(
        whose + verdict.goal, verdict.measured,
        verdict.isReached.map { $0 ? "reached" : "MISSED" } ?? "-")
    }
    var table = TextTable([
      "", "concealed", "ear ms", "MOS", "fps", "gap ms", "freezes", "passed kbit/s", "queue ms",
      "lost", "dropped", "sent again", "NACK", "PLI",
    ])
    for measure in measures {
      table.add(
        measure.direction.receiver, Shown.fixed(measure.concealed * 100, 2) + " %",
        Shown.fixed(measure.mouthToEar, 0), Shown.fixed(measure.opinion, 2),
        Shown.fixed(measure.perSecond, 1), Shown.fixed(measure.longestGap * 1000, 0),
        "\(measure.freezes)", Shown.fixed(measure.passed, 0), Shown.fixed(measure.longestWait, 0),
        "\(measure.lost)", "\(measure.dropped)", "\(measure.resent)", "\(measure.nacks)",
        "\(measure.keyframeRequests)")
    }
    var text = goals.text + "\n\n" + table.text
    if !disturbed.isEmpty {
      let reasons = disturbed.joined(separator: "; ")
      text += "\nDISTURBED (\(reasons)): measure again on a quieter machine"
    }
    return text
  }
}

extension PathDirection {
  /// Who hears and sees what goes this way.
  var receiver: String { self == .down ? "patient" : "physician" }
}
