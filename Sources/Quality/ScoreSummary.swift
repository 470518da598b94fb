/// What a score was over a session: the mean, its bad moments, and how long it was not usable.
/// Bounded: one value for each ten seconds, at most some hours.
public struct ScoreSummary: Sendable {
  /// Seconds of a window.
  public static let window = 10
  public static let maximumWindows = 8640

  /// Below it the session is not usable.
  public let usable: Double
  public private(set) var seconds = 0
  public private(set) var unusableSeconds = 0
  private var sum = 0.0
  /// Thousandths.
  private var windows: [UInt16] = []
  private var current: (sum: Double, count: Int) = (0, 0)

  public init(usable: Double) { self.usable = usable }

  /// One second.
  public mutating func note(_ score: Double) {
    guard score.isFinite else { return }
    seconds += 1
    sum += score
    if score < usable { unusableSeconds += 1 }
    current.sum += score
    current.count += 1
    guard current.count >= Self.window else { return }
    if windows.count < Self.maximumWindows {
      windows.append(UInt16(bounded(current.sum / Double(current.count), 0...60) * 1000 + 0.5))
    }
    current = (0, 0)
  }

  /// The mean of each ten seconds.
  public var windowMeans: [Double] { windows.map { Double($0) / 1000 } }

  public var mean: Double? { seconds > 0 ? sum / Double(seconds) : nil }

  /// The window that 5 % of all windows are below or at (nearest rank).
  public var fifthPercentile: Double? { percentile(0.05) }

  public func percentile(_ share: Double) -> Double? {
    guard !windows.isEmpty else { return mean }
    let sorted = windows.sorted()
    let rank = Int((bounded(share, 0...1) * Double(sorted.count)).rounded(.up))
    return Double(sorted[max(rank - 1, 0)]) / 1000
  }

  /// The worst three windows that follow each other.
  public var worstHalfMinute: Double? {
    guard windows.count >= 3 else { return percentile(0) }
    var worst = Double.infinity
    for i in 0...(windows.count - 3) {
      worst = min(worst, windows[i..<(i + 3)].reduce(0) { $0 + Double($1) } / 3000)
    }
    return worst
  }

  /// 0...1.
  public var unusableShare: Double {
    seconds > 0 ? Double(unusableSeconds) / Double(seconds) : 0
  }
}
