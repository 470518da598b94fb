internal import Wire

/// How long packets stand in queues now: the smallest one-way delay of the last 60 to 120 ms above the
/// smallest of the last 15 to 30 s.
///
/// The smallest of several packets is blind to jitter but not to a queue, through which all must
/// go. (The idea is BBR's and LEDBAT's base delay, RFC 6817 section 3.4; the draft has no such
/// signal, and its trend alone can neither see a queue that stands still nor tell jitter from one.)
/// A queue that never drains for 30 s becomes part of the path, and sooner when `ForeignDelay` says that
/// it is none of ours.
struct QueueDelay {
  static let step: Int64 = 60_000
  static let stepPackets = 3
  static let baseStep: Int64 = 15_000_000
  static let clockJump: Int64 = 3_000_000
  private static let none = Int64.max

  /// Smallest delay in the step that runs, and in the one before it.
  private var current = none
  private var last = none
  private var stepStart: Int64 = 0
  private var stepCount = 0
  private var stepHighest = Int64.min
  private var base = none
  private var lastBase = none
  private var baseStart: Int64 = 0
  private var previous: Int64?

  /// How much longer than the shortest of 15 to 30 s the last packet was on its way, microseconds.
  private(set) var wait: Int64 = 0
  private var before = MediaDuration.zero
  /// Never negative; zero until something is known.
  private(set) var standing = MediaDuration.zero
  /// How far the delays of a step lie apart, smoothed: jitter and our own bursts.
  private(set) var spread = MediaDuration.zero
  /// The queue is shorter than a step ago.
  var isDraining: Bool { before - standing > .milliseconds(5) }

  mutating func add(sent: Int64, arrived: Int64) {
    let delay = arrived &- sent
    if let previous {
      let change = delay &- previous
      if change > Self.clockJump || change < -Self.clockJump { self = QueueDelay() }
    }
    if base == Self.none, lastBase == Self.none {
      baseStart = arrived
      stepStart = arrived
    }
    previous = delay
    base = min(base, delay)
    wait = delay &- min(base, lastBase)
    current = min(current, delay)
    stepCount += 1
    stepHighest = max(stepHighest, delay)
    if arrived &- stepStart >= Self.step, stepCount >= Self.stepPackets {
      before = standing
      let width = min(max(stepHighest &- current, 0), Self.clockJump)
      spread = .microseconds((spread.microseconds &* 7 &+ width) / 8)
      stepHighest = Int64.min
      last = current
      current = Self.none
      stepStart = arrived
      stepCount = 0
    }
    if arrived &- baseStart >= Self.baseStep {
      lastBase = base
      base = delay
      baseStart = arrived
    }
    let recent = min(current, last)
    let floor = min(base, lastBase)
    guard last != Self.none, recent != Self.none, floor != Self.none else { return }
    let wait = min(max(recent &- floor, 0), 60_000_000)
    standing = .microseconds(wait)
  }

  /// What stands now is the path's own delay.
  mutating func rebase() {
    let recent = min(current, last)
    guard recent != Self.none else { return }
    base = recent
    lastBase = recent
    standing = .zero
    before = .zero
  }
}
