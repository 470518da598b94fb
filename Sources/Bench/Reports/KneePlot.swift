internal import Foundation

/// Delay over rooms, with the limit: where the curve turns up is what the machine carries.
struct KneePlot {
  enum Outcome {
    case held, broke
    /// The load generator was the limit.
    case unknown
  }

  struct Point: Equatable {
    var rooms: Int
    /// Milliseconds.
    var delayP50: Double
    var delayP99: Double
    var outcome: Outcome
  }

  let points: [Point]
  let limit: Double

  init(points: [Point], limit: Double) {
    self.points = points.sorted { $0.rooms < $1.rooms }
    self.limit = limit
  }

  init(_ result: SweepRun.Result, _ service: ServiceLevel) {
    self.init(
      points: result.levels.map {
        Point(
          rooms: $0.rooms, delayP50: $0.report.delay.p50, delayP99: $0.report.delay.p99,
          outcome: $0.isInconclusive ? .unknown : $0.held ? .held : .broke)
      }, limit: service.delayP99)
  }

  /// Powers of ten that hold all delays and the limit.
  private var decades: ClosedRange<Int> {
    let values = points.flatMap { [$0.delayP50, $0.delayP99] }.filter { $0 > 0 } + [limit]
    let low = Int(log10(values.min() ?? 1).rounded(.down))
    let high = Int(log10(values.max() ?? 1).rounded(.up))
    return low...max(high, low + 1)
  }

  /// 0 at the bottom, 1 at the top.
  private func height(_ delay: Double) -> Double {
    let decades = decades
    guard delay > 0 else { return 0 }
    let place =
      (log10(delay) - Double(decades.lowerBound))
      / Double(decades.upperBound - decades.lowerBound)
    return min(1, max(0, place))
  }

  /// A number of an axis.
  private static func label(_ value: Double) -> String {
    value >= 1 && value == value.rounded() ? Shown.fixed(value, 0) : Shown.number(value)
  }

  private static func colour(_ outcome: Outcome) -> String {
    switch outcome {
    case .held: "#146"
    case .broke: "#b00"
    case .unknown: "#aaa"
    }
  }

  /// Between numbers on the axis: 1, 2 or 5 times a power of ten, so that there are ten at most.
  static func step(_ most: Int) -> Int {
    var step = 1
    while true {
      for factor in [1, 2, 5] where most <= 10 * step * factor { return step * factor }
      step *= 10
    }
  }

  private var mostRooms: Int { max(1, points.last?.rooms ?? 1) }

  // MARK: In a terminal

  func text(width: Int = 60, height rows: Int = 16) -> String {
    var cells = Array(repeating: Array(repeating: " ", count: width), count: rows)
    func row(_ delay: Double) -> Int {
      rows - 1 - Int((height(delay) * Double(rows - 1)).rounded())
    }
    func column(_ rooms: Int) -> Int {
      Int((Double(rooms) / Double(mostRooms) * Double(width - 1)).rounded())
    }
    for x in 0..<width where x % 2 == 0 { cells[row(limit)][x] = "-" }
    for point in points {
      cells[row(point.delayP50)][column(point.rooms)] = "."
      cells[row(point.delayP99)][column(point.rooms)] =
        switch point.outcome {
        case .held: "o"
        case .broke: "X"
        case .unknown: "?"
        }
    }
    let labels = Dictionary(
      decades.map { (row(pow(10, Double($0))), Self.label(pow(10, Double($0)))) },
      uniquingKeysWith: { first, _ in first })
    var legend = "one-way delay, ms:  o p99 held   X p99 broke   . p50   - limit"
    if points.contains(where: { $0.outcome == .unknown }) {
      legend += "   ? load generator saturated"
    }
    var lines = [legend]
    for (y, line) in cells.enumerated() {
      let label = labels[y] ?? ""
      lines.append(
        String(repeating: " ", count: max(0, 7 - label.count)) + label + " |" + line.joined())
    }
    lines.append(String(repeating: " ", count: 8) + "+" + String(repeating: "-", count: width))
    let end = "\(mostRooms) rooms"
    lines.append(
      String(repeating: " ", count: 9) + "0"
        + String(repeating: " ", count: max(1, width - 1 - end.count)) + end)
    return lines.joined(separator: "\n")
  }

  // MARK: As a file

  func svg(title: String) -> String {
    let (width, height, left, top, right, bottom) = (720.0, 420.0, 70.0, 50.0, 20.0, 50.0)
    let plotWidth = width - left - right
    let plotHeight = height - top - bottom
    func x(_ rooms: Int) -> Double { left + plotWidth * Double(rooms) / Double(mostRooms) }
    func y(_ delay: Double) -> Double { top + plotHeight * (1 - self.height(delay)) }
    func n(_ value: Double) -> String { Shown.fixed(value, 1) }
    var body: [String] = []
    for decade in decades {
      let delay = pow(10, Double(decade))
      body.append(
        "<line x1=\"\(n(left))\" x2=\"\(n(width - right))\" y1=\"\(n(y(delay)))\" y2=\"\(n(y(delay)))\" stroke=\"#ddd\"/>"
          + "<text x=\"\(n(left - 8))\" y=\"\(n(y(delay) + 4))\" text-anchor=\"end\">\(Self.label(delay))</text>"
      )
    }
    for rooms in stride(from: 0, through: mostRooms, by: Self.step(mostRooms)) {
      body.append(
        "<text x=\"\(n(x(rooms)))\" y=\"\(n(height - bottom + 18))\" text-anchor=\"middle\">\(rooms)</text>"
      )
    }
    body.append(
      "<line x1=\"\(n(left))\" x2=\"\(n(width - right))\" y1=\"\(n(y(limit)))\" y2=\"\(n(y(limit)))\" stroke=\"#b00\" stroke-dasharray=\"6 4\"/>"
        + "<text x=\"\(n(left + 6))\" y=\"\(n(y(limit) - 6))\" fill=\"#b00\">limit \(Self.label(limit)) ms</text>"
    )
    for (name, value, colour) in [
      ("p50", \Point.delayP50, "#7a9"), ("p99", \Point.delayP99, "#146"),
    ] {
      let path = points.map { "\(n(x($0.rooms))),\(n(y($0[keyPath: value])))" }
      body.append(
        "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" points=\"\(path.joined(separator: " "))\"/>"
      )
      if let last = points.last {
        body.append(
          "<text x=\"\(n(x(last.rooms) - 6))\" y=\"\(n(y(last[keyPath: value]) - 8))\" text-anchor=\"end\" fill=\"\(colour)\">\(name)</text>"
        )
      }
    }
    for point in points {
      body.append(
        "<circle cx=\"\(n(x(point.rooms)))\" cy=\"\(n(y(point.delayP99)))\" r=\"4\" fill=\"\(Self.colour(point.outcome))\"/>"
      )
    }
    for (i, (name, outcome)) in [
      ("held", Outcome.held), ("broke", .broke), ("load generator saturated", .unknown),
    ].enumerated() where points.contains(where: { $0.outcome == outcome }) {
      let start = left + Double(i) * 80
      body.append(
        "<circle cx=\"\(n(start + 4))\" cy=\"\(n(height - 12))\" r=\"4\" fill=\"\(Self.colour(outcome))\"/>"
          + "<text x=\"\(n(start + 14))\" y=\"\(n(height - 8))\">\(name)</text>"
      )
    }
    let escaped = title.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(width)) \(n(height))" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="#fff"/>
      <text x="\(n(left))" y="24" font-size="15">\(escaped)</text>
      <text x="\(n(left))" y="42" fill="#555">one-way delay, ms, over rooms in use</text>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }
}
