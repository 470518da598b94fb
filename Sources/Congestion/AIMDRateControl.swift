internal import Wire

/// The delay-based estimate: raised while the delay is quiet, cut when it grows
/// (draft-ietf-rmcat-gcc-02 section 5.5 rate control, with its state machine of Increase, Hold and
/// Decrease).
///
/// As in the draft: a cut goes to 0.85 of what arrives; far from the last known capacity the estimate
/// grows by 8 % a second, near it (within three deviations) by half a packet a response time of RTT +
/// 100 ms; it is never above 1.5 times what arrives (plus 10 kbit/s).
///
/// Deviations: Decrease goes to Hold at once after a cut (as in practice). Growth stops while the
/// application sends less than the estimate, since nothing is tested then: probes raise it there. Another
/// cut follows no sooner than one RTT plus the interval of feedback, unless what arrives is less than
/// half of the estimate. No growth while a queue of 50 ms stands. Without such a queue, as jitter shows it, a
/// cut takes a fifth at the most, and goes no lower than 0.85 of what came out of the queue that there was
/// (`BusyRate`): what arrived may be from before a raise.
struct AIMDRateControl {
  static let backOff = 0.85
  static let growthPerSecond = 0.08
  static let gentle = 0.8
  static let slowestGrowth = 4000.0
  static let responseTime = 0.1
  static let headroom = 1.5
  static let headroomConstant = 10_000.0
  /// bits of an average packet
  static let packet = 9600.0

  private enum State { case increase, hold, decrease }

  private var state = State.increase
  /// bits/s
  private(set) var estimate: Double
  private var capacity = LinkCapacity()
  private var lastChange: MediaInstant?
  private var lastUpdate: MediaInstant?

  init(start: Double) { estimate = start }

  /// Over-use has shown what the path carries, and nothing since then that it is more.
  var isCapacityKnown: Bool { capacity.mean != nil }

  struct Input {
    var usage: BandwidthUsage
    /// bits/s, filtered and of the last quarter of a second
    var acknowledged: Double?
    var recent: Double?
    /// bits/s, of a path that has been full for a tenth of a second (`BusyRate`).
    var busy: Double?
    var roundTrip: MediaDuration
    /// What is sent tests the estimate, and more would be of use.
    var isTested: Bool
    /// A queue stands, whatever its trend.
    var isQueueing: Bool
    /// Until a moment ago much less was sent than could have been: `recent` tells of that.
    var hasJustBegun: Bool
  }

  /// - Returns: whether the estimate was cut.
  mutating func update(_ input: Input, bounds: ClosedRange<Double>, at now: MediaInstant) -> Bool {
    defer {
      lastUpdate = now
      estimate = min(max(estimate, bounds.lowerBound), bounds.upperBound)
    }
    switch input.usage {
    case .overuse: state = .decrease
    case .underuse: state = .hold
    case .normal: state = state == .decrease ? .hold : .increase
    }
    switch state {
    case .hold: return false
    case .decrease: return decrease(input, at: now)
    case .increase:
      if input.isTested, !input.isQueueing { increase(input, at: now) }
      return false
    }
  }

  /// A probe found that the path carries more.
  mutating func raise(to rate: Double, at now: MediaInstant) {
    guard rate > estimate else { return }
    estimate = rate
    lastChange = now
    capacity.reset(below: rate)
  }

  /// Loss shows that no more than this is delivered: growth is slow from here on.
  mutating func lossLimited(at rate: Double) { capacity.overused(at: rate) }

  /// Nothing is heard of what was sent.
  mutating func cut(to rate: Double, at now: MediaInstant) {
    estimate = min(estimate, rate)
    lastChange = now
  }

  private mutating func decrease(_ input: Input, at now: MediaInstant) -> Bool {
    guard let measured = measured(input) else {
      // Over-use before anything was measured.
      guard isTimeForCut(input, measured: estimate, at: now) else { return false }
      estimate /= 2
      lastChange = now
      state = .hold
      return true
    }
    guard isTimeForCut(input, measured: measured, at: now) else { return false }
    capacity.overused(at: measured)
    var target = Self.backOff * measured
    if !input.isQueueing || (input.busy == nil && input.hasJustBegun) {
      // What is measured may be from before a raise, or all that there was to send; were the path full, a
      // queue would tell, and the next cut goes all the way.
      target = max(target, estimate * Self.gentle)
    }
    let didCut = target < estimate
    estimate = min(estimate, target)
    lastChange = now
    state = .hold
    return didCut
  }

  /// What comes out of a queue is what the path carries, whatever came before. Until that is known: when
  /// the path narrows, the filtered rate lags behind; without a queue a low recent rate is only a pause of
  /// the sender.
  private func measured(_ input: Input) -> Double? {
    guard input.isQueueing else {
      // While more and more is sent the filtered rate lags behind, and what comes out of a short queue does not.
      guard let acknowledged = input.acknowledged else { return input.recent }
      return max(acknowledged, input.busy ?? 0)
    }
    if let busy = input.busy { return busy }
    guard let acknowledged = input.acknowledged else { return input.recent }
    return min(acknowledged, input.recent ?? acknowledged)
  }

  private func isTimeForCut(_ input: Input, measured: Double, at now: MediaInstant) -> Bool {
    guard let lastChange else { return true }
    let wait = min(max(input.roundTrip, .milliseconds(10)), .milliseconds(200))
    return now - lastChange >= wait || measured < estimate / 2
  }

  private mutating func increase(_ input: Input, at now: MediaInstant) {
    let elapsed = min(max((now - (lastUpdate ?? now)).seconds, 0), 1)
    if let acknowledged = input.acknowledged { capacity.reset(below: acknowledged) }
    let growth =
      if capacity.isNear(input.acknowledged ?? 0) {
        max(
          Self.packet / 2 / (max(input.roundTrip.seconds, 0) + Self.responseTime),
          Self.slowestGrowth) * elapsed
      } else {
        max(estimate * Self.growthPerSecond, 1000) * elapsed
      }
    guard let acknowledged = input.acknowledged else { return }
    let limit = Self.headroom * acknowledged + Self.headroomConstant
    // What was found before is kept, growth stops at the limit.
    if estimate < limit { estimate = min(estimate + growth, limit) }
    lastChange = lastChange ?? now
  }
}
