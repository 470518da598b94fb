public import Wire

/// Spreads what is sent to one peer over time (draft-ietf-rmcat-gcc-02 section 4: a leaky bucket),
/// so that a key picture does not fill the path's queues in front of the sound.
///
/// Sound never waits: it is counted, so that the rest makes room for it. Retransmissions go before
/// video, video before padding. A packet that finds nothing waiting and the bucket open
/// leaves at once without being stored.
///
/// Deviations from the draft: the rate is given (`BandwidthEstimator.pacingRate`), not a fixed factor;
/// the wait is bounded by time and by packets in all and by flow; a probe lets packets leave sooner
/// than the bucket would, never later.
public struct Pacer: ~Copyable {
  let configuration: PacerConfiguration
  var retransmissions: PacerQueue
  var video: PacerQueue
  private let flows: UnsafeMutablePointer<FlowCounters>
  private let flowCount: Int
  var bucket: LeakyBucket
  var probe: ProbeSchedule?
  public private(set) var counters = Counters()

  /// - Parameter rate: bits/s, to begin with.
  public init(configuration: PacerConfiguration = PacerConfiguration(), rate: Int) {
    self.configuration = configuration
    retransmissions = PacerQueue(
      limit: configuration.retransmissionPackets, reserved: configuration.reserved)
    video = PacerQueue(limit: configuration.videoPackets, reserved: configuration.reserved)
    flowCount = min(max(configuration.flows, 1), 1024)
    flows = .allocate(capacity: flowCount)
    flows.initialize(repeating: FlowCounters(), count: flowCount)
    bucket = LeakyBucket(rate: rate, burst: configuration.burst)
  }

  deinit { flows.deallocate() }

  public var waitingPackets: Int { retransmissions.count + video.count }
  public var waitingOctets: Int { retransmissions.octets + video.octets }
  public func counters(flow: UInt16) -> FlowCounters { flows[place(flow)] }

  /// How long it takes to send what waits.
  public var expectedWait: MediaDuration { bucket.time(for: waitingOctets) }

  private func place(_ flow: UInt16) -> Int { min(Int(flow), flowCount - 1) }

  /// - Parameter rate: bits/s.
  public mutating func setRate(_ rate: Int, at now: MediaInstant) {
    bucket.setRate(rate, at: now)
  }

  /// From now on packets leave at the probe's rate at least, until it is complete.
  public mutating func begin(_ cluster: ProbeCluster, at now: MediaInstant) {
    probe = ProbeSchedule(cluster, at: now)
  }

  /// Takes a packet that wants to leave.
  public mutating func enqueue(_ packet: PacedPacket, at now: MediaInstant) -> PacerAdmission {
    bucket.update(at: now)
    switch packet.kind {
    case .audio, .padding:
      return .sendNow(probe: spend(packet, at: now))
    case .retransmission:
      if retransmissions.count == 0, isOpen(at: now) {
        return .sendNow(probe: spend(packet, at: now))
      }
    case .video:
      if waitingPackets == 0, isOpen(at: now) { return .sendNow(probe: spend(packet, at: now)) }
    }
    let flow = place(packet.flow)
    let isFull = packet.kind == .video ? video.isFull : retransmissions.isFull
    if isFull || flows[flow].waiting >= configuration.flowPackets {
      let reason = isFull ? PacerRefusal.queueFull : .flowFull
      count(reason, packet)
      return .refused(reason)
    }
    flows[flow].waiting += 1
    let entry = PacerQueue.Entry(packet: packet, since: now)
    if packet.kind == .video { video.append(entry) } else { retransmissions.append(entry) }
    return .queued
  }

  /// The next packet that may leave, or that is given up; `nil` when none, for now.
  public mutating func next(at now: MediaInstant) -> PacerStep? {
    bucket.update(at: now)
    abandonProbe(at: now)
    if let step = expired(at: now) { return step }
    guard isOpen(at: now), let entry = retransmissions.removeFirst() ?? video.removeFirst() else {
      return nil
    }
    flows[place(entry.packet.flow)].waiting -= 1
    counters.waited &+= 1
    return .send(entry.packet, probe: spend(entry.packet, at: now))
  }

  /// Octets of padding that the probe wants now, as nothing else waits; 0 = none. Each packet of padding
  /// is then given to `enqueue`.
  public mutating func paddingNeeded(at now: MediaInstant) -> Int {
    guard waitingPackets == 0, let probe, probe.isDue(at: now) else { return 0 }
    return probe.wanted(at: now)
  }

  /// When `next` or `paddingNeeded` has something; `nil` when nothing waits.
  public var nextDeadline: MediaInstant? {
    guard waitingPackets > 0 else { return probe?.nextDue }
    var deadline = bucket.opens
    if let probe { deadline = min(deadline, probe.nextDue) }
    if let first = retransmissions.first {
      deadline = min(deadline, first.since + configuration.retransmissionPatience)
    }
    if let first = video.first {
      deadline = min(deadline, first.since + configuration.videoPatience)
    }
    return deadline
  }

  /// Gives back all that waits of a flow (its subscription ended, its layer changed, its picture is
  /// broken anyway); the caller owns the slots again.
  public mutating func remove(flow: UInt16, _ body: (PacedPacket) -> Void) {
    retransmissions.removeAll(where: { $0.flow == flow }, body)
    video.removeAll(where: { $0.flow == flow }, body)
    recount()
  }

  /// Gives back all that waits.
  public mutating func removeAll(_ body: (PacedPacket) -> Void) {
    while let entry = retransmissions.removeFirst() ?? video.removeFirst() { body(entry.packet) }
    recount()
  }

  private mutating func recount() {
    for i in 0..<flowCount { flows[i].waiting = 0 }
    let flows = flows
    let last = flowCount - 1
    retransmissions.forEach { flows[min(Int($0.flow), last)].waiting += 1 }
    video.forEach { flows[min(Int($0.flow), last)].waiting += 1 }
  }

  private func isOpen(at now: MediaInstant) -> Bool {
    if bucket.isOpen { return true }
    return probe?.isDue(at: now) ?? false
  }

  private mutating func expired(at now: MediaInstant) -> PacerStep? {
    if let first = retransmissions.first,
      now - first.since >= configuration.retransmissionPatience
    {
      return drop(retransmissions.removeFirst())
    }
    if let first = video.first, now - first.since >= configuration.videoPatience {
      return drop(video.removeFirst())
    }
    return nil
  }

  private mutating func drop(_ entry: PacerQueue.Entry?) -> PacerStep? {
    guard let packet = entry?.packet else { return nil }
    flows[place(packet.flow)].waiting -= 1
    count(.tooOld, packet)
    return .drop(packet, .tooOld)
  }

  private mutating func count(_ reason: PacerRefusal, _ packet: PacedPacket) {
    flows[place(packet.flow)].refused &+= 1
    switch reason {
    case .queueFull: counters.queueFull &+= 1
    case .flowFull: counters.flowFull &+= 1
    case .tooOld: counters.tooOld &+= 1
    }
  }

  private mutating func spend(_ packet: PacedPacket, at now: MediaInstant) -> ProbeCluster.ID {
    counters.sent &+= 1
    flows[place(packet.flow)].sent &+= 1
    bucket.spend(Int(packet.length))
    guard let id = probe?.cluster.id else { return .none }
    probe?.packetSent(length: Int(packet.length))
    if probe?.isComplete == true { probe = nil }
    return id
  }

  private mutating func abandonProbe(at now: MediaInstant) {
    guard let probe, now - probe.start >= configuration.probePatience else { return }
    counters.probesGivenUp &+= 1
    self.probe = nil
  }
}
