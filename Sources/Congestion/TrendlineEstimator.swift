/// Whether queues on the path grow: the slope of the smoothed one-way delay over the last groups.
///
/// Takes the place of the Kalman filter of draft-ietf-rmcat-gcc-02 section 5.4, as practice did soon
/// after the draft: the accumulated delay changes are smoothed exponentially (0.9) and a line is laid
/// through the last 20 points by least squares; its slope is the growth of the queue in ms per ms.
///
/// Deviation: a point that lies more than 3 s from the line's start drops the window (clock step or
/// outage), as nothing can be learned from a line across it.
struct TrendlineEstimator: ~Copyable {
  static let window = 20
  static let smoothing = 0.9
  /// Milliseconds.
  static let longestSpan = 3000.0

  private struct Point {
    var time: Double
    var delay: Double
  }

  private let points: UnsafeMutablePointer<Point>
  private var count = 0
  private var next = 0
  private var origin: Int64 = 0
  private var accumulated = 0.0
  private var smoothed = 0.0
  /// Groups seen since the last reset, for the detector's gain.
  private(set) var samples = 0
  /// ms of queue per ms; 0 until the window is full.
  private(set) var slope = 0.0

  init() {
    points = .allocate(capacity: Self.window)
    points.initialize(repeating: Point(time: 0, delay: 0), count: Self.window)
  }

  deinit { points.deallocate() }

  mutating func reset() {
    count = 0
    next = 0
    accumulated = 0
    smoothed = 0
    samples = 0
    slope = 0
  }

  mutating func update(_ delta: InterArrival.Delta) {
    if count == 0 { origin = delta.arrival }
    var time = Double(delta.arrival &- origin) / 1000
    let oldest = count < Self.window ? 0 : next
    if count > 0, abs(time - points[oldest].time) > Self.longestSpan {
      reset()
      origin = delta.arrival
      time = 0
    }
    samples = min(samples + 1, 1000)
    accumulated += Double(delta.arrived &- delta.sent) / 1000
    smoothed = Self.smoothing * smoothed + (1 - Self.smoothing) * accumulated
    points[next] = Point(time: time, delay: smoothed)
    next = (next + 1) % Self.window
    count = min(count + 1, Self.window)
    if count == Self.window { slope = fit() ?? slope }
  }

  /// `nil` when all points have the same time.
  private func fit() -> Double? {
    var meanTime = 0.0
    var meanDelay = 0.0
    for i in 0..<count {
      meanTime += points[i].time
      meanDelay += points[i].delay
    }
    meanTime /= Double(count)
    meanDelay /= Double(count)
    var numerator = 0.0
    var denominator = 0.0
    for i in 0..<count {
      let x = points[i].time - meanTime
      numerator += x * (points[i].delay - meanDelay)
      denominator += x * x
    }
    return denominator > 0 ? numerator / denominator : nil
  }
}
