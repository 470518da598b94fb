/// Takes durations where every nanosecond counts; now and then a `LatencyHistogram` gets what came.
///
/// A handle over storage of its own, confined to one thread; whoever made it deallocates it.
struct LatencyRecorder {
  private struct Totals {
    var count: UInt64 = 0
    var sum: Double = 0
    var minimum = Int64.max
    var maximum: Int64 = 0
  }

  private let totals: UnsafeMutablePointer<Totals>
  private let buckets: UnsafeMutablePointer<UInt32>

  init() {
    totals = .allocate(capacity: 1)
    totals.initialize(to: Totals())
    buckets = .allocate(capacity: LatencyHistogram.bucketCount)
    buckets.initialize(repeating: 0, count: LatencyHistogram.bucketCount)
  }

  func deallocate() {
    totals.deallocate()
    buckets.deallocate()
  }

  /// - Parameter nanoseconds: negative ones count as 0.
  func record(_ nanoseconds: Int64) {
    let value = max(0, nanoseconds)
    buckets[LatencyHistogram.bucket(value)] &+= 1
    totals.pointee.count &+= 1
    totals.pointee.sum += Double(value)
    if value < totals.pointee.minimum { totals.pointee.minimum = value }
    if value > totals.pointee.maximum { totals.pointee.maximum = value }
  }

  /// What came since the last time, which is forgotten here.
  func take() -> LatencyHistogram {
    var histogram = LatencyHistogram()
    let sums = totals.pointee
    guard sums.count > 0 else { return histogram }
    histogram.add(
      UnsafeBufferPointer(start: buckets, count: LatencyHistogram.bucketCount), count: sums.count,
      sum: sums.sum, minimum: sums.minimum, maximum: sums.maximum)
    totals.pointee = Totals()
    buckets.update(repeating: 0, count: LatencyHistogram.bucketCount)
    return histogram
  }
}
