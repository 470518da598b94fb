/// What arrives, in bits a second (the measured R_hat of draft-ietf-rmcat-gcc-02 section 5.5).
///
/// The draft averages over 0.5 to 1 s. As in later practice, windows of 150 ms (500 ms for the first)
/// are samples of a filter that trusts a sample less the further it lies from the estimate, so that
/// one burst does not move it and a lasting change does. Ours: `recent`, the plain rate of the last
/// tenth to half second, for the moment of over-use, when the filter still remembers better times.
struct AcknowledgedBitrate {
  static let firstWindow: Int64 = 500_000
  static let window: Int64 = 150_000
  static let recentWindow: Int64 = 250_000
  static let shortestRecent: Int64 = 100_000
  /// Nothing is learned across a gap of this length.
  static let gap: Int64 = 2_000_000
  /// Weight of the distance between sample and estimate.
  static let uncertainty = 10.0

  private var windowStart: Int64?
  private var lastArrival: Int64 = 0
  private var octets = 0
  private var variance = 50.0
  /// kbit/s
  private var filtered: Double?
  private var recentStart: Int64 = 0
  private var recentOctets = 0
  private var lastRecent: Double?

  /// bits/s; `nil` before the first half second.
  var rate: Double? { filtered.map { $0 * 1000 } }

  /// bits/s, the smaller of the last complete quarter of a second and of what there is since, from
  /// a tenth on; may be far below `rate` when the path has just become narrower.
  var recent: Double? {
    let elapsed = lastArrival &- recentStart
    guard windowStart != nil, elapsed >= Self.shortestRecent else { return lastRecent }
    let running = Double(recentOctets) * 8e6 / Double(elapsed)
    return min(running, lastRecent ?? running)
  }

  /// The application begins to send more: what comes may be far from what was.
  mutating func expectChange() { variance = max(variance, 200) }

  mutating func add(arrived: Int64, length: Int) {
    guard let start = windowStart else {
      restart(at: arrived)
      return
    }
    let step = arrived &- lastArrival
    guard step > -Self.gap, step < Self.gap else {
      restart(at: arrived)
      return
    }
    lastArrival = max(lastArrival, arrived)
    // The packet that ends a window belongs to the next: rates count what came after the first.
    let elapsed = arrived &- start
    if elapsed >= (filtered == nil ? Self.firstWindow : Self.window) {
      take(sample: Double(octets) * 8 / Double(elapsed) * 1000)
      windowStart = arrived
      octets = 0
    }
    octets = min(octets + length, 1 << 40)
    let sinceRecent = arrived &- recentStart
    if sinceRecent >= Self.recentWindow {
      lastRecent = Double(recentOctets) * 8e6 / Double(sinceRecent)
      recentStart = arrived
      recentOctets = 0
    }
    recentOctets = min(recentOctets + length, 1 << 40)
  }

  private mutating func restart(at arrived: Int64) {
    windowStart = arrived
    lastArrival = arrived
    octets = 0
    recentStart = arrived
    recentOctets = 0
    lastRecent = nil
  }

  /// - Parameter sample: kbit/s
  private mutating func take(sample: Double) {
    guard let estimate = filtered else {
      filtered = sample
      return
    }
    let deviation = Self.uncertainty * abs(estimate - sample) / max(estimate, 25)
    let sampleVariance = deviation * deviation
    let predicted = variance + 5
    filtered = max(
      (sampleVariance * estimate + predicted * sample) / (sampleVariance + predicted), 0)
    variance = sampleVariance * predicted / max(sampleVariance + predicted, 1e-9)
  }
}
