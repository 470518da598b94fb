internal import CPrefetch
internal import Congestion
internal import Forwarding
internal import Wire

/// The way to one viewer: how much it carries, and what waits to go there. Kept apart from `PeerMedia`,
/// and only for peers that view video: sound alone has nothing to give way with.
///
/// It listens from the first feedback on, and steers as soon as it knows what is carried: a path is
/// taken to carry what it carries already, until it shows that it does not. Until then, and for viewers
/// that never tell anything, packets leave as they come.
struct Downlink: ~Copyable {
  /// Between two looks at what is carried.
  static let interval = MediaDuration.milliseconds(200)
  /// On a path that shows no queue packets leave as they come: their publisher has spread them already.
  /// At this multiple of what is sent a keyframe leaves in one turn.
  static let ampleFactor = 64
  /// A queue shorter than this is none.
  static let noQueue = MediaDuration.milliseconds(15)

  /// More than this waiting for the pacer shows that not all fits.
  static let longWait = MediaDuration.milliseconds(100)

  // What every packet needs first: see `prefetch`.
  private(set) var isSteering = false
  var pacer: Pacer
  var estimator: BandwidthEstimator
  var ladder = AudioFirstLadder()
  var sound = SoundRegulator()
  /// Since the first feedback.
  private var listeningSince: MediaInstant?
  private(set) var load = DownlinkLoad()
  /// What padding is sent on.
  var paddingStream: SubscriptionHandle?
  var path: NetworkPath?
  private(set) var nextLook: MediaInstant?
  private var isAmple = true

  init(start: Int) {
    var configuration = BandwidthEstimatorConfiguration()
    configuration.start = start
    configuration.maximum = 100_000_000
    estimator = BandwidthEstimator(configuration: configuration)
    var bounds = PacerConfiguration()
    // Flows are told apart, not limited apart.
    bounds.flows = 1
    bounds.reserved = 64
    bounds.flowPackets = bounds.videoPackets + bounds.retransmissionPackets
    pacer = Pacer(configuration: bounds, rate: start)
  }

  /// Says that a packet to this viewer is about to be worked on.
  static func prefetch(_ downlink: UnsafeMutablePointer<Downlink>) {
    let start = UnsafeRawPointer(downlink)
    for offset in stride(from: 0, to: 640, by: 64) { CPrefetch.prefetch(start + offset) }
  }

  /// Feedback came while nothing was steered.
  /// - Returns: whether steering begins now.
  mutating func listen(now: MediaInstant) -> Bool {
    guard let since = listeningSince else {
      listeningSince = now
      nextLook = now
      return false
    }
    guard now - since >= Self.interval * 2 else { return false }
    estimator.assume(carried &+ carried / 4, at: now)
    isSteering = true
    return true
  }

  /// bits/s that are sent now.
  var carried: Int { load.audio &+ (ladder.step.hasVideo ? load.video : 0) }

  /// What one of its pictures may take, with the sound; `nil` while nothing is known.
  /// - Parameter reserve: of it, for sound.
  func allowance(reserve: Int) -> Int? {
    guard isSteering else { return nil }
    return max(estimator.estimate &- soundBeyondReserve &- reserve, 0) / max(load.videos, 1)
      &+ reserve
  }

  /// What the sound takes beside the least that is kept for it anyway, bits/s.
  private var soundBeyondReserve: Int {
    let sound = min(sound.budget.cost &* load.voices, load.audio)
    return max(sound &- EncoderCap.Settings().audioReserve, 0)
  }

  /// - Parameter phase: any number; looks of equal ones come together.
  mutating func take(_ load: DownlinkLoad, phase: Int32, now: MediaInstant) {
    self.load = load
    nextLook = now.next(Self.interval, phase: phase)
    guard isSteering else { return }
    let canProbe =
      load.videos > 0 && ladder.step != .audioOnly
      && (paddingStream != nil || ladder.step.hasVideo)
    estimator.setDemand(load.demand, canProbe: canProbe, at: now)
  }

  /// The viewer wants something else.
  mutating func hastenLook(_ now: MediaInstant) { nextLook = now }

  /// What the ladder is to go by: what runs without a queue fits, though nothing has tried yet how
  /// much more would.
  var ladderEstimate: Int {
    let estimate = estimator.lastingEstimate &- soundBeyondReserve
    return isUntroubled && ladder.step.hasVideo
      ? max(estimate, load.need(of: ladder.step) &+ EncoderCap.Settings().audioReserve) : estimate
  }

  /// Neither on the path nor here.
  var hasNoQueue: Bool {
    estimator.queueDelay < Self.noQueue && pacer.expectedWait < Self.longWait
  }

  /// What is sent shows no queue, and nothing but the delay and what is set bounds the estimate.
  var isUntroubled: Bool {
    !estimator.isLossLimited && estimator.limitedBy != .silence && estimator.limitedBy != .remb
      && estimator.usage != .overuse && hasNoQueue
  }

  /// The peer is sent to by another path: what was given up because of the former one is tried again.
  /// - Returns: the way back to the whole picture, when it was not sent.
  mutating func pathChanged(to path: NetworkPath?, now: MediaInstant) -> AudioFirstLadder.Change? {
    self.path = path
    estimator.pathChanged(at: now)
    let step = ladder.step
    ladder = AudioFirstLadder(priority: ladder.priority)
    guard step != ladder.step else { return nil }
    return AudioFirstLadder.Change(from: step, to: ladder.step, reason: .recovered)
  }

  /// Gives the pacer its rate of this moment, and a probe if one is due.
  mutating func refresh(now: MediaInstant) {
    if let probe = estimator.takeProbe() { pacer.begin(probe, at: now) }
    let rate = estimator.pacingRate
    isAmple =
      ladder.step == .full && estimator.usage != .overuse && estimator.queueDelay < Self.noQueue
      && estimator.estimate >= carried &+ carried / 16 && estimator.limitedBy != .silence
      && estimator.limitedBy != .loss
    pacer.setRate(isAmple ? max(rate, carried &* Self.ampleFactor) : rate, at: now)
  }

  /// Of looking, of the estimator and of what waits.
  var nextDeadline: MediaInstant? {
    guard var deadline = nextLook else { return nil }
    guard isSteering else { return deadline }
    if let other = estimator.nextDeadline { deadline = min(deadline, other) }
    // Without padding a probe goes with the media, whenever that comes.
    if pacer.waitingPackets > 0 || paddingStream != nil, let other = pacer.nextDeadline {
      deadline = min(deadline, other)
    }
    return deadline
  }
}

extension MediaInstant {
  /// The next of the instants that lie an interval apart. There are eight phases, so that looks at
  /// many peers share few wake-ups, and no turn has them all.
  func next(_ interval: MediaDuration, phase: Int32) -> MediaInstant {
    let span = max(interval.nanoseconds, 8)
    let shift = Int64(phase & 7) &* (span / 8)
    let passed = (nanoseconds &- shift) / span
    return MediaInstant(nanoseconds: (passed &+ 1) &* span &+ shift)
  }
}
