internal import Wire

/// Turns a value a second into an incident that does not flap: it begins when the mean of some seconds
/// reaches a threshold, and ends when that has stayed well below for some.
struct Trigger: Hashable {
  enum Change: Hashable { case began, ended }

  /// Seconds that are averaged.
  let span: Int
  /// Seconds that must be better before it ends.
  let hold: Int
  let begin: Double
  let end: Double

  private(set) var isActive = false
  /// When the value first reached `begin` of late.
  private(set) var since: MediaInstant?
  private(set) var worst = 0.0
  private(set) var mean = 0.0
  private var values: [(value: Double, weight: Double)] = []
  private var better = 0

  init(begin: Double, end: Double? = nil, span: Int, hold: Int = 4) {
    self.begin = begin
    self.end = end ?? begin * 0.5
    self.span = max(span, 1)
    self.hold = hold
  }

  /// - Parameters:
  ///   - value: of this second; `nil` is unknown: what was stays.
  ///   - weight: how much the value rests on, as packets.
  ///   - from: when what the value speaks of began.
  mutating func update(_ value: Double?, weight: Double = 1, from: MediaInstant) -> Change? {
    guard let value, value.isFinite, weight > 0 else { return nil }
    values.append((value, weight))
    if values.count > span { values.removeFirst(values.count - span) }
    let sum = values.reduce(0) { $0 + $1.weight }
    mean = values.reduce(0) { $0 + $1.value * $1.weight } / sum
    if value >= begin {
      if since == nil { since = from }
    } else if !isActive, mean < end {
      since = nil
    }
    if isActive {
      worst = max(worst, mean)
      better = mean <= end ? better + 1 : 0
      guard better >= hold else { return nil }
      reset()
      return .ended
    }
    guard mean >= begin, values.count >= span else { return nil }
    isActive = true
    better = 0
    if since == nil { since = from }
    worst = mean
    return .began
  }

  mutating func reset() {
    isActive = false
    since = nil
    worst = 0
    better = 0
    values.removeAll(keepingCapacity: true)
  }

  static func == (a: Self, b: Self) -> Bool {
    a.isActive == b.isActive && a.since == b.since && a.mean == b.mean && a.better == b.better
  }

  func hash(into hasher: inout Hasher) { hasher.combine(mean) }
}
