public import Wire

/// How fast we may send to one peer: the smallest of the delay-based estimate, the loss-based bound and
/// what the peer itself allows (draft-ietf-rmcat-gcc-02 section 3, sender-side variant).
///
/// The owner calls `packetSent` for each packet that leaves with a transport-wide number, one of the
/// `receive`s for what the peer says, `handleTimeout` from `nextDeadline` on; then reads
/// `takeChange()` and `takeProbe()`, and gives `pacingRate` to the `Pacer`. Nothing is
/// allocated after `init`.
///
/// Until the first transport-wide feedback a peer's REMB and reports steer (`REMBEstimate`); from then
/// on a REMB is only a cap.
public struct BandwidthEstimator: ~Copyable {
  // What every packet needs, close together: see `prefetchNextPacket`.
  var log: SentPacketLog
  var limited = ApplicationLimited()
  /// The first packet that was sent since feedback was last heard.
  var unansweredSince: MediaInstant?
  var probe = ProbeEstimator()
  let configuration: BandwidthEstimatorConfiguration
  var timeline = FeedbackTimeline()
  var interArrival = InterArrival()
  var trendline = TrendlineEstimator()
  var detector = OveruseDetector()
  var queue = QueueDelay()
  var spread = DelaySpread()
  var acknowledged = AcknowledgedBitrate()
  var busy = BusyRate()
  var delayBased: AIMDRateControl
  var lossBased = LossEstimator()
  var remb: REMBEstimate
  var probes: ProbeController
  var roundTripTime = RoundTripTime()
  var window = FeedbackWindow()
  /// The estimate before silence cut it.
  var beforeSilence: Double?
  var pendingProbe: ProbeCluster?
  var demand: Double
  var canProbe = false
  var isTransportWide = false
  /// When something was last wrong: over-use, a standing queue, a loss limit, silence.
  var lastTrouble: MediaInstant?
  /// Cuts because of a standing queue, since there was none.
  var queueCuts = 0
  var lastQueueCut: MediaInstant?
  var foreign = ForeignDelay()
  var lastCut: MediaInstant?
  /// The estimate before the first cut because of the queue that stands.
  var beforeQueue: Double?
  var current: Double
  var limit = EstimateChange.Limit.delay
  var told: Double
  var change: EstimateChange?

  public init(
    configuration: BandwidthEstimatorConfiguration = BandwidthEstimatorConfiguration(),
    probes settings: ProbeSettings = ProbeSettings()
  ) {
    self.configuration = configuration
    log = SentPacketLog(capacity: configuration.logCapacity)
    let start = Double(min(max(configuration.start, 10_000), 1_000_000_000))
    delayBased = AIMDRateControl(start: start)
    remb = REMBEstimate(start: Int(start))
    probes = ProbeController(settings)
    demand = Double(configuration.maximum)
    current = start
    told = start
  }

  /// bits/s, for all that is sent to the peer.
  public var estimate: Int { Int(current) }

  /// Without what is only tried for a moment (`LossEstimator`): what already runs is neither given up nor
  /// held back for a trial, bits/s.
  public var lastingEstimate: Int { Int(lasting) }

  private var lasting: Double {
    guard limit == .loss, lossBased.isTrying else { return current }
    return max(current, min(lossBased.lastingBound, delayBased.estimate, bounds.upperBound))
  }

  /// For the pacer, bits/s, to be read anew in each turn: above the estimate so that bursts leave soon,
  /// below it while a queue that we filled drains, or while too little is heard of what is on its way.
  public var pacingRate: Int {
    guard isTransportWide else { return Int(min(current * configuration.pacingSlow, 1e11)) }
    let current = lasting
    var rate = current
    let target = configuration.queueTarget
    if queue.standing > target {
      // Drained in about a second; sound passes in any case.
      let excess = (queue.standing - target).seconds
      rate *= min(max(1 - excess * 2, 0.25), 1)
    } else {
      let share = min(max((current - 300_000) / 1_200_000, 0), 1)
      let fast =
        delayBased.isCapacityKnown ? configuration.pacingKnown : configuration.pacingFast
      rate *= configuration.pacingSlow + (fast - configuration.pacingSlow) * share
    }
    let base = max((roundTripTime.value - queue.standing).seconds, 0.01)
    rate *= window.share(inFlight: log.inFlight, estimate: current, base: base)
    return Int(min(rate, 1e11))
  }

  public var roundTrip: MediaDuration { roundTripTime.value }
  /// How long packets stand in queues on the way.
  public var queueDelay: MediaDuration { queue.standing }
  /// How much longer than the shortest of a second packets of sound took on average.
  public var soundSpread: MediaDuration { spread.value }
  public var usage: BandwidthUsage { detector.usage }
  public var isApplicationLimited: Bool { limited.since != nil }
  /// Share of what was sent that is lost, 0...1.
  public var loss: Double { lossBased.recentLoss }
  /// Loss that follows the rate bounds it.
  public var isLossLimited: Bool { lossBased.bound < delayBased.estimate }
  /// What arrives, bits/s; `nil` before the first half second.
  public var acknowledgedRate: Int? { acknowledged.rate.map { Int(min($0, 1e11)) } }
  public var logCounters: SentPacketLog.Counters { log.counters }
  public var limitedBy: EstimateChange.Limit { limit }
  public var probeCount: UInt64 { probes.clusters }

  /// - Parameters:
  ///   - bitsPerSecond: what could be sent at most, with all that the viewer would take: probes and the
  ///     estimate go no (much) further.
  ///   - canProbe: whether there is something to send probes with (media, retransmissions,
  ///     padding).
  ///
  /// The first time that it can, a probe begins: before the first picture is sent, if the owner
  /// lets pictures wait for `hasMeasured`.
  public mutating func setDemand(_ bitsPerSecond: Int, canProbe: Bool, at now: MediaInstant) {
    demand = Double(min(max(bitsPerSecond, configuration.minimum), configuration.maximum))
    self.canProbe = canProbe
    if canProbe, probes.isAtStart { probe(at: now) }
  }

  /// Whether the first probe gave its result, or what was sent since. A picture sent before fills
  /// a narrow path for seconds.
  public var hasMeasured: Bool { isTransportWide && !probes.isFirstPending }

  /// Notes a packet that leaves, in the order of numbers.
  public mutating func packetSent(
    sequence: Int64, length: Int, kind: SentPacketKind, probe: ProbeCluster.ID = .none,
    at now: MediaInstant
  ) {
    log.packetSent(sequence: sequence, length: length, kind: kind, probe: probe, at: now)
    limited.packetSent(length: length)
    self.probe.packetSent(length: length, probe: probe)
    if unansweredSince == nil { unansweredSince = now }
  }

  /// Says that a packet leaves soon: where it will be noted should be near by then.
  public func prefetchNextPacket() { log.prefetchNextPacket() }

  /// A sample from a report block's LSR and DLSR.
  public mutating func receive(roundTrip sample: MediaDuration) {
    roundTripTime.add(report: sample)
  }

  public mutating func receive(remb bitrate: UInt64, at now: MediaInstant) {
    remb.receive(remb: bitrate, at: now)
    settle(at: now)
  }

  /// A report block; it counts only for peers without transport-wide feedback.
  ///
  /// - Parameters: as in `REMBEstimate.receive`.
  public mutating func receive(
    fractionLost: UInt8, upstreamLoss: Double, sending: Double, at now: MediaInstant
  ) {
    guard !isTransportWide else { return }
    remb.receive(
      fractionLost: fractionLost, upstreamLoss: upstreamLoss, sending: sending, at: now)
    settle(at: now)
  }

  /// The path carries so much already, without a queue: the estimate is no less.
  ///
  /// - Parameter rate: bits/s.
  public mutating func assume(_ rate: Int, at now: MediaInstant) {
    guard detector.usage != .overuse, queue.standing < configuration.queueNoise else { return }
    delayBased.raise(to: min(Double(rate), bounds.upperBound), at: now)
    settle(at: now)
  }

  /// A probe to send; once.
  public mutating func takeProbe() -> ProbeCluster? {
    defer { pendingProbe = nil }
    return pendingProbe
  }

  /// The estimate, when it changed notably since it was last taken.
  public mutating func takeChange() -> EstimateChange? {
    defer { change = nil }
    return change
  }

  /// The path is another one (address change): what was learned of the old one is dropped but for the
  /// estimate, of which half is kept.
  public mutating func pathChanged(at now: MediaInstant) {
    interArrival.reset()
    trendline.reset()
    detector = OveruseDetector()
    queue = QueueDelay()
    spread = DelaySpread()
    foreign = ForeignDelay()
    beforeQueue = nil
    acknowledged = AcknowledgedBitrate()
    busy = BusyRate()
    log.forgetAll()
    let known = max(beforeSilence ?? current, current)
    let start = max(min(known, Double(configuration.start)), known / 2)
    delayBased = AIMDRateControl(start: start)
    lossBased = LossEstimator()
    unansweredSince = nil
    beforeSilence = nil
    probe.end()
    probes.restart()
    settle(at: now)
  }
}
