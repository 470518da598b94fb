internal import Wire

/// What the delay says of the path.
public enum BandwidthUsage: UInt8, Hashable, Sendable {
  case normal, underuse, overuse
}

/// Compares the trend of the delay with a threshold that follows the path
/// (draft-ietf-rmcat-gcc-02 section 5.4 over-use detector, adaptive threshold with K_u and K_d).
///
/// Deviations, from later practice: the trend is the slope times the number of groups (at most 60)
/// times 4, so that the threshold keeps the draft's milliseconds; over-use needs 10 ms and two
/// updates; K_u and K_d are 0.0087 and 0.039. Ours: over-use needs in addition that a queue is
/// standing (`QueueDelay`), because jitter tilts the line without one; then the threshold rises
/// (`isQueueing` false) but nothing is reported.
struct OveruseDetector {
  static let gain = 4.0
  static let maximumSamples = 60
  static let initialThreshold = 12.5
  static let thresholdRange = 6.0...600.0
  static let rise = 0.0087
  static let fall = 0.039
  /// A spike above the threshold that does not move it, milliseconds.
  static let spike = 15.0
  /// How long the trend stays above the threshold, milliseconds.
  static let overuseTime = 10.0

  private(set) var threshold = initialThreshold
  private(set) var usage = BandwidthUsage.normal
  private var timeOver: Double?
  private var updatesOver = 0
  private var previousSlope = 0.0
  private var lastUpdate: Int64?

  /// - Parameters:
  ///   - samples: groups behind the slope.
  ///   - sent: what lay between the last two groups when they were sent, microseconds.
  ///   - isQueueing: whether packets do wait.
  ///   - arrival: of the last group, microseconds.
  mutating func update(slope: Double, samples: Int, sent: Int64, isQueueing: Bool, arrival: Int64) {
    guard samples >= 2 else {
      usage = .normal
      return
    }
    let trend = Double(min(samples, Self.maximumSamples)) * slope * Self.gain
    if trend > threshold, isQueueing {
      let step = Double(sent) / 1000
      timeOver = timeOver.map { $0 + step } ?? step / 2
      updatesOver += 1
      if let timeOver, timeOver > Self.overuseTime, updatesOver > 1, slope >= previousSlope {
        self.timeOver = 0
        updatesOver = 0
        usage = .overuse
      }
    } else {
      timeOver = nil
      updatesOver = 0
      usage = trend < -threshold ? .underuse : .normal
    }
    previousSlope = slope
    adapt(to: abs(trend), isQueueing: isQueueing, arrival: arrival)
  }

  private mutating func adapt(to trend: Double, isQueueing: Bool, arrival: Int64) {
    defer { lastUpdate = arrival }
    guard let lastUpdate else { return }
    if trend > threshold + Self.spike, isQueueing { return }
    let elapsed = min(max(Double(arrival &- lastUpdate) / 1000, 0), 100)
    let rate = trend < threshold ? Self.fall : Self.rise
    // A tilt without a queue counts as a spike of the allowed size, no more.
    let target = min(trend, threshold + Self.spike)
    threshold += rate * (target - threshold) * elapsed
    threshold = min(max(threshold, Self.thresholdRange.lowerBound), Self.thresholdRange.upperBound)
  }
}
