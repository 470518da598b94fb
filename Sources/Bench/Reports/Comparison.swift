internal import Foundation

/// The middle of some runs, and how far they reach.
struct RunRange: Equatable, Sendable {
  var median: Double
  var low: Double
  var high: Double

  init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let low = sorted.first, let high = sorted.last else { return nil }
    self.low = low
    self.high = high
    let middle = sorted.count / 2
    median =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  var text: String {
    low == high
      ? Shown.number(median)
      : "\(Shown.number(median)) (\(Shown.number(low))-\(Shown.number(high)))"
  }
}

/// Runs beside runs, as ratios of their medians.
struct Comparison {
  let reports: [[LoadReport]]
  let names: [String]

  /// A file of `--json` holds one report, or a list of those of `--repeat`.
  static func read(_ path: String) throws -> [LoadReport] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw ServerComplaint("\(path) cannot be read")
    }
    let decoder = JSONDecoder()
    struct Version: Decodable { var schema: Int }
    let versions =
      (try? decoder.decode([Version].self, from: data))
      ?? (try? decoder.decode(Version.self, from: data)).map { [$0] } ?? []
    if let other = versions.map(\.schema).first(where: { $0 != LoadReport.schema }) {
      throw ServerComplaint(
        "\(path) is of schema \(other), this visavis-bench knows \(LoadReport.schema): measure again"
      )
    }
    do {
      if let list = try? decoder.decode([LoadReport].self, from: data) { return list }
      return [try decoder.decode(LoadReport.self, from: data)]
    } catch {
      throw ServerComplaint(
        "\(path) is not a report of `visavis-bench load --json` (those of sweep, storm and soak are not "
          + "compared)")
    }
  }

  var text: String {
    var table = TextTable(["medians (ranges)"] + names + names.dropFirst().map { "\($0) / A" })
    for measure in Measure.all {
      let ranges = reports.map { RunRange($0.compactMap(measure.value)) }
      guard ranges.contains(where: { $0 != nil }) else { continue }
      var row = [measure.name] + ranges.map { $0?.text ?? "" }
      for other in ranges.dropFirst() {
        guard let first = ranges[0], let other, first.median != 0 else {
          row.append("")
          continue
        }
        row.append(verdict(other.median / first.median, measure, first, other))
      }
      table.add(row)
    }
    return table.text
  }

  /// A star where the ranges do not overlap, so that the difference is more than the noise of the runs.
  private func verdict(
    _ ratio: Double, _ measure: Measure, _ a: RunRange, _ b: RunRange
  ) -> String {
    let isApart = a.high < b.low || b.high < a.low
    return Shown.fixed(ratio, 2) + (isApart && measure.lessIsBetter != nil ? " *" : "  ")
  }

  /// What the runs were, and where they differ in what was asked of them.
  var heading: String {
    zip(names, reports).map { name, runs in
      guard let first = runs.first else { return "\(name): nothing" }
      let setup = first.setup
      return "\(name): \(runs.count) \(runs.count == 1 ? "run" : "runs") of \(setup.rooms) x "
        + "\(setup.participants)" + (setup.viewers > 0 ? " + \(setup.viewers) viewers" : "")
        + ", \(Shown.number(setup.videoKilobits)) kbit/s, \(setup.server), \(first.date), "
        + "\(first.machine.processor)"
        + (runs.contains(where: \.generator.isSaturated) ? " [generator saturated]" : "")
        + (runs.contains { $0.server?.disturbance(cores: $0.machine.cores) != nil }
          ? " [disturbed by other programs]" : "")
    }.joined(separator: "\n")
  }
}
