internal import Wire

/// Turns a value a second into an incident that does not flap: it begins when the mean of some seconds
/// reaches a threshold, and ends when that has stayed well below for some.
struct Trigger: Hashable {
  enum Change: Hashable { case began, ended }

  /// Seconds that are averaged, five at most. Every participant has a dozen of these: small numbers.
  private let span: UInt8
  /// Seconds that must be better before it ends.
  private let hold: UInt8
  let begin: Double
  let end: Double

  private(set) var isActive = false
  /// When the value first reached `begin` of late.
  private(set) var since: MediaInstant?
  private(set) var worst = 0.0
  private(set) var mean = 0.0
  /// The last seconds, the newest at `place`.
  private var values: InlineArray<5, (value: Float, weight: Float)> = .init(repeating: (0, 0))
  private var count: UInt8 = 0
  private var place: UInt8 = 0
  private var better: UInt8 = 0

  init(begin: Double, end: Double? = nil, span: Int, hold: Int = 4) {
    self.begin = begin
    self.end = end ?? begin * 0.5
    self.span = UInt8(min(max(span, 1), 5))
    self.hold = UInt8(min(max(hold, 1), 60))
  }

  /// - Parameters:
  ///   - value: of this second; `nil` is unknown: what was stays.
  ///   - weight: how much the value rests on, as packets.
  ///   - from: when what the value speaks of began.
  mutating func update(_ value: Double?, weight: Double = 1, from: MediaInstant) -> Change? {
    guard let value, value.isFinite, weight > 0 else { return nil }
    place = (place + 1) % span
    values[Int(place)] = (Float(value), Float(weight))
    count = min(count + 1, span)
    var sum = 0.0
    var weights = 0.0
    for i in 0..<Int(span) {
      sum += Double(values[i].value) * Double(values[i].weight)
      weights += Double(values[i].weight)
    }
    mean = sum / weights
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
    guard mean >= begin, count >= span else { return nil }
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
    values = .init(repeating: (0, 0))
    count = 0
  }

  static func == (a: Self, b: Self) -> Bool {
    a.isActive == b.isActive && a.since == b.since && a.mean == b.mean && a.better == b.better
  }

  func hash(into hasher: inout Hasher) { hasher.combine(mean) }
}
