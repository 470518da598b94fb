/// Finds what someone who mistyped a name may have meant.
enum NearestName {
  /// The candidate that takes the fewest insertions, deletions, replacements and swaps of
  /// neighbours, if they are at most a third of the longer one.
  static func of(_ name: String, among candidates: [String]) -> String? {
    let best = candidates.map { ($0, distance(Array(name.lowercased()), Array($0.lowercased()))) }
      .min { $0.1 < $1.1 }
    guard let (candidate, distance) = best,
      distance * 3 <= max(candidate.count, name.count)
    else { return nil }
    return candidate
  }

  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var row = [i + 1]
      for (j, y) in b.enumerated() {
        var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (x == y ? 0 : 1))
        if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
