/// Columns of text, the first to the left, the others to the right.
struct TextTable {
  private var rows: [[String]] = []

  init(_ header: [String]) { rows = [header] }

  mutating func add(_ cells: String...) { rows.append(cells) }
  mutating func add(_ cells: [String]) { rows.append(cells) }

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.enumerated().map { number, row in
      let line = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
      let rule = number == 0 && rows.count > 1 && !row.allSatisfy(\.isEmpty)
      return rule ? line + "\n" + String(repeating: "-", count: line.count) : line
    }.joined(separator: "\n")
  }
}

/// Numbers for people.
enum Shown {
  /// Three digits that count.
  static func number(_ value: Double) -> String {
    if value == 0 { return "0" }
    let size = abs(value)
    let places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
    return fixed(value, places)
  }

  static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let rounded = (abs(value) * scale).rounded()
    guard rounded < 1e18 else { return "\(value)" }
    let whole = Int64(rounded)
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(whole)" }
    let unit = Int64(scale)
    let fraction = "\(whole % unit)"
    return sign + "\(whole / unit)." + String(repeating: "0", count: places - fraction.count)
      + fraction
  }

  static func percent(_ part: Double, of whole: Double) -> String {
    whole == 0 ? "-" : fixed(100 * part / whole, 3) + " %"
  }

  /// `1 room`, `2 rooms`
  static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)" + (count == 1 ? "" : "s")
  }

  /// Octets in MB or kB.
  static func octets(_ value: Double) -> String {
    abs(value) >= 1e6 ? number(value / 1e6) + " MB" : number(value / 1e3) + " kB"
  }
}
