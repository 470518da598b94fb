public import Wire

/// Finds what goes wrong with what one participant sends and gets, from one sample a second, and says
/// on whose side. A network that is bad explains what follows from it: then a picture that stands
/// still is not blamed on a camera.
public struct IncidentDetector: Sendable {
  struct Fault: Hashable {
    var side: FaultSide
    var cause: IncidentCause
  }

  public let thresholds: QualityThresholds
  public private(set) var running: [Incident] = []

  /// A list, not a table: there are thirteen at most, and one for each participant of a server.
  private var triggers: [(fault: Fault, trigger: Trigger)] = []
  private var silentSeconds = 0
  private var quietSeconds = 0
  private var missingSoundSeconds = 0
  /// Of sound, a second before: as it came, and on its way to the participant.
  private var lastSpread = MediaDuration.zero
  private var lastDownlinkSpread = MediaDuration.zero
  /// Packets that others have overtaken are not lost: in a second before, on both ways.
  private var overtaken = OvertakenPackets()
  private var overtakenOnDownlink = OvertakenPackets()
  private var bound = EncoderBound()
  private var overloadedUntil: MediaInstant?
  /// Since when each source sends; fresh ones are not judged.
  private var sourceAges: [SourceSample.Source: Int] = [:]
  private var outageBegan: MediaInstant?
  /// What a device tells now may still be of a path that was bad.
  private var downlinkTroubleUntil: MediaInstant?
  public static let deviceLag = MediaDuration.seconds(8)
  /// By then a page that goes on has spoken, and a device that is there has answered.
  static let signsOfLife = MediaDuration.seconds(7)
  /// What is missing and what was given up right after an outage is of that.
  private var outageTellsUntil: MediaInstant?
  static let outageTells = MediaDuration.seconds(4)
  /// Round trips are smoothed: what was answered only after an outage is in them for so long.
  private var roundTripTellsUntil: MediaInstant?
  static let roundTripLag = MediaDuration.seconds(20)
  /// Until when pictures that are given up are so for what was found wrong otherwise: they come back step
  /// by step.
  private var reductionExplainedUntil: MediaInstant?
  static let reductionLag = MediaDuration.seconds(60)

  /// Seconds in which a source may begin.
  static let grace = 4

  public init(thresholds: QualityThresholds = QualityThresholds()) {
    self.thresholds = thresholds
  }

  /// To be called about once a second.
  public mutating func update(_ sample: ParticipantSample) -> [IncidentChange] {
    var changes: [IncidentChange] = []
    let from = sample.at - sample.span
    noteAges(sample)
    if sample.isNodeOverloaded { overloadedUntil = sample.at + .seconds(3) }
    let isOverloaded = overloadedUntil.map { $0 >= sample.at } ?? false
    drive(.node, .overload, sample.isNodeOverloaded ? 1 : 0, 1, from, span: 1, begin: 1, &changes)
    let isOut = watchOutage(sample, from, &changes)
    // What its device tells next is of that time, too.
    if isOut || isOverloaded { downlinkTroubleUntil = sample.at + Self.deviceLag }
    guard !isOut else { return changes }
    let isAfterOutage = outageTellsUntil.map { sample.at <= $0 } ?? false
    var sample = sample
    if isAfterOutage { forgetOutage(&sample) }
    if !isOverloaded {
      let uplinkIsBad = watchUplink(sample, from, &changes)
      watchDevice(sample, from, uplinkIsBad || isAfterOutage, &changes)
      let downlinkIsBad = watchDownlink(sample, from, &changes)
      watchPlayout(sample, from, downlinkIsBad, &changes)
    } else {
      forgetSeconds()
    }
    return changes
  }

  /// A server without time has mistaken the second before, too: whatever is not told yet is judged anew.
  private mutating func forgetSeconds() {
    for i in triggers.indices where triggers[i].fault.side != .node && !triggers[i].trigger.isActive
    {
      triggers[i].trigger.reset()
    }
  }

  /// Something that happens at once, or whose end is told.
  public mutating func note(
    _ side: FaultSide, _ cause: IncidentCause, severity: IncidentSeverity, at now: MediaInstant
  ) -> [IncidentChange] {
    let incident = Incident(
      side: side, cause: cause, severity: severity, began: now, ended: now, worst: 0)
    return [.began(incident), .ended(incident)]
  }

  /// Ends what is open: the participant has left.
  public mutating func finish(at now: MediaInstant) -> [IncidentChange] {
    defer {
      running = []
      triggers = []
    }
    return running.map {
      var incident = $0
      incident.ended = now
      return .ended(incident)
    }
  }

  // MARK: What is watched

  private mutating func noteAges(_ sample: ParticipantSample) {
    for source in SourceSample.Source.allCases {
      guard let track = sample.sources.first(where: { $0.source == source }), !track.isMuted,
        sample.isConnected, source != .camera || !sample.isUplinkTooNarrow
      else {
        sourceAges[source] = nil
        continue
      }
      sourceAges[source, default: 0] += 1
    }
  }

  private func isSettled(_ source: SourceSample) -> Bool {
    sourceAges[source.source, default: 0] > Self.grace
  }

  /// Nothing comes, though something should.
  private mutating func watchOutage(
    _ sample: ParticipantSample, _ from: MediaInstant, _ changes: inout [IncidentChange]
  ) -> Bool {
    let due = sample.sources.filter { !$0.isMuted && isSettled($0) }
    let isQuiet = due.count > 1 && due.allSatisfy { $0.packets == 0 }
    quietSeconds = isQuiet ? quietSeconds + 1 : 0
    let isOut = !sample.isConnected || quietSeconds >= thresholds.outage
    if isQuiet || !sample.isConnected {
      if outageBegan == nil { outageBegan = from }
    } else if !isOut {
      outageBegan = nil
    }
    let side = isOut ? sideOfOutage(sample, since: outageBegan ?? from) : nil
    for one in [FaultSide.senderUplink, .senderDevice] {
      set(
        one, .drop, one == side, since: outageBegan ?? from, worst: 1, severity: .critical,
        at: sample.at, &changes)
    }
    if isOut {
      outageTellsUntil = sample.at + Self.outageTells
      roundTripTellsUntil = sample.at + Self.roundTripLag
      reductionExplainedUntil = sample.at + Self.reductionLag
    }
    return isOut || isQuiet
  }

  /// Whether nothing can come, or nothing is sent: a browser answers for a page that stands still, and a page
  /// that goes on says something every five seconds. `nil`: that is not known yet.
  private func sideOfOutage(_ sample: ParticipantSample, since began: MediaInstant) -> FaultSide? {
    for side in [FaultSide.senderUplink, .senderDevice]
    where index(of: Fault(side: side, cause: .drop)) != nil { return side }
    guard let signs = sample.signs else { return .senderUplink }
    func isLater(_ sign: MediaInstant?) -> Bool { sign.map { $0 > began + .seconds(1) } ?? false }
    if isLater(signs.spoke) { return .senderUplink }
    guard sample.at - began >= Self.signsOfLife else { return nil }
    return isLater(signs.answered) ? .senderDevice : .senderUplink
  }

  /// The packets of an outage are counted as lost when others come after it.
  private func forgetOutage(_ sample: inout ParticipantSample) {
    for i in sample.sources.indices { sample.sources[i].lost = 0 }
    sample.downlink?.lost = 0
    sample.downlink?.queue = .zero
  }

  private mutating func watchUplink(
    _ sample: ParticipantSample, _ from: MediaInstant, _ changes: inout [IncidentChange]
  ) -> Bool {
    set(
      .senderUplink, .audioOnly, sample.isUplinkTooNarrow, since: from, worst: 1, severity: .major,
      at: sample.at, &changes)
    let tracks = sample.sources.filter { !$0.isMuted && isSettled($0) }
    let packets = tracks.reduce(0) { $0 + $1.packets }
    let lost = tracks.reduce(0) { $0 + $1.lost }
    // A queue holds up all that goes through it, our checks too; an encoder or a sound card that
    // lags, its own track alone.
    let standing = tracks.filter { $0.packets > 0 }.map(\.queue.milliseconds).min()
    let longest = sample.roundTrip.map { $0.milliseconds * 3 / 2 + 20 } ?? .max
    let queue = standing.map { Double(min($0, longest)) }
    let isNarrow = tracks.contains { $0.limitation == .bandwidth && $0.source == .camera }
    let fewPictures = tracks.contains {
      $0.source == .camera && Double($0.frames) < thresholds.frameRate * sample.span.seconds
    }
    // An encoder that gives way for want of bandwidth tells of a queue that it avoids.
    let pressure = queue.map { isNarrow && fewPictures ? max($0, thresholds.queue) : $0 }
    drive(
      .senderUplink, .congestion, pressure, 1, from, span: 3, begin: thresholds.queue, &changes)
    let isCongested =
      isActive(.senderUplink, .congestion) || (pressure ?? 0) >= thresholds.queue * 0.6
    let spread = tracks.first { $0.source == .microphone }?.spread ?? .zero
    let late = overtaken.change(
      rate: Double(packets + lost) / max(sample.span.seconds, 0.1), spread: spread)
    let share = packets + lost > 0 ? Double(lost) / Double(packets + lost) : nil
    let gone = share.map { $0 - late / Double(packets + lost) }
    drive(
      .senderUplink, .loss, isCongested ? gone.map { min($0, 0.01) } : gone,
      Double(packets + lost), from, span: 5, begin: thresholds.loss, end: thresholds.loss * 0.4,
      &changes)
    let jitter = soundJitter(tracks)
    drive(
      .senderUplink, .jitter, isCongested ? jitter.map { min($0, 1) } : jitter, 1, from, span: 3,
      begin: thresholds.jitter, &changes)
    let isOfOutage = roundTripTellsUntil.map { sample.at <= $0 } ?? false
    let roundTrip = isOfOutage ? nil : sample.roundTrip.map { Double($0.milliseconds) }
    let isQueueing = isCongested || (sample.downlink?.queue.milliseconds ?? 0) >= 60
    drive(
      .receiverDownlink, .delay, isQueueing ? roundTrip.map { min($0, 1) } : roundTrip, 1, from,
      span: 5, begin: thresholds.roundTrip, end: thresholds.roundTrip * 0.8, &changes)
    return isCongested || isActive(.senderUplink, .loss) || (share ?? 0) >= thresholds.loss
      || isActive(.senderUplink, .jitter)
  }

  /// Milliseconds; `nil` where there is no sound. A queue that fills spreads packets, too, and is seen as
  /// one only a second later.
  private mutating func soundJitter(_ tracks: [SourceSample]) -> Double? {
    guard let sound = tracks.first(where: { $0.packets > 0 && $0.source == .microphone }) else {
      lastSpread = .zero
      return nil
    }
    defer { lastSpread = sound.spread }
    let spread = min(lastSpread, sound.spread) - sound.queue
    return Double(max(sound.jitter, spread).microseconds) / 1000
  }

  private mutating func watchDevice(
    _ sample: ParticipantSample, _ from: MediaInstant, _ networkIsBad: Bool,
    _ changes: inout [IncidentChange]
  ) {
    let span = max(sample.span.seconds, 0.1)
    if let camera = sample.sources.first(where: { $0.source == .camera }), !camera.isMuted,
      isSettled(camera)
    {
      // While nothing comes at all the stream cannot tell how long it stands.
      let share = camera.frames == 0 ? 1 : min(camera.frozen.seconds / span, 1)
      let leavesOut = bound.explains(camera.cap, at: sample.at) && camera.frames > 0
      let networkIsBad = networkIsBad || leavesOut
      drive(
        .senderDevice, .freeze, networkIsBad ? 0 : share, 1, from, span: 4,
        begin: thresholds.frozen, &changes)
      let isFrozen = isActive(.senderDevice, .freeze) || share >= thresholds.frozen
      let rate = Double(camera.frames) / span
      let lack = networkIsBad || isFrozen ? 0 : max(thresholds.frameRate - rate, 0)
      drive(
        .senderDevice, .lowFrameRate, lack, 1, from, span: 4,
        begin: thresholds.frameRate / 5, end: thresholds.frameRate / 15, &changes)
    } else {
      quiet(.senderDevice, .freeze, sample.at, &changes)
      quiet(.senderDevice, .lowFrameRate, sample.at, &changes)
    }
    guard let microphone = sample.sources.first(where: { $0.source == .microphone }),
      !microphone.isMuted
    else {
      silentSeconds = 0
      missingSoundSeconds = 0
      for cause in [IncidentCause.silence, .saturation, .oneWayAudio] {
        quiet(.senderDevice, cause, sample.at, &changes)
      }
      return
    }
    missingSoundSeconds =
      microphone.packets == 0 && isSettled(microphone) ? missingSoundSeconds + 1 : 0
    set(
      .senderDevice, .oneWayAudio, missingSoundSeconds > thresholds.outage,
      since: sample.at - .seconds(Int64(missingSoundSeconds)), worst: 1, severity: .critical,
      at: sample.at, &changes)
    if let heard = microphone.heard {
      drive(
        .senderDevice, .saturation, heard.saturation, Double(max(microphone.packets, 1)), from,
        span: 5, begin: thresholds.saturation, &changes)
    }
    guard let levels = microphone.levels, levels.packets > 0 else { return }
    silentSeconds = levels.silent == levels.packets ? silentSeconds + 1 : 0
    set(
      .senderDevice, .silence, silentSeconds >= thresholds.silence,
      since: sample.at - .seconds(Int64(silentSeconds)), worst: 1, severity: .major,
      at: sample.at, &changes)
    guard microphone.heard == nil else { return }
    drive(
      .senderDevice, .saturation, Double(levels.saturated) / Double(levels.packets),
      Double(levels.packets), from, span: 5, begin: thresholds.saturation, &changes)
  }

  private mutating func watchDownlink(
    _ sample: ParticipantSample, _ from: MediaInstant, _ changes: inout [IncidentChange]
  ) -> Bool {
    guard let down = sample.downlink else { return false }
    // Where delays vary that much, even the shortest of a few packets has waited for no queue.
    let shaken = min(lastDownlinkSpread, down.spread)
    let queue = Double(max(down.queue - shaken, .zero).milliseconds)
    let late = overtakenOnDownlink.change(
      rate: Double(down.reported) / max(sample.span.seconds, 0.1), spread: down.spread)
    let share = down.reported > 0 ? Double(down.lost) / Double(down.reported) : nil
    let gone = share.map { $0 - late / Double(down.reported) }
    let isGivenUp = down.isReduced || down.isAudioOnly
    if isActive(.receiverDownlink, .loss) || isActive(.receiverDownlink, .jitter)
      || (share ?? 0) >= thresholds.loss
    {
      reductionExplainedUntil = sample.at + Self.reductionLag
    } else if !isGivenUp {
      reductionExplainedUntil = nil
    }
    let isExplained = reductionExplainedUntil.map { sample.at <= $0 } ?? false
    let pressure = isGivenUp && !isExplained ? max(queue, thresholds.queue) : queue
    drive(
      .receiverDownlink, .congestion, pressure, 1, from, span: 3, begin: thresholds.queue,
      &changes)
    set(
      .receiverDownlink, .audioOnly, down.isAudioOnly, since: from, worst: 1, severity: .major,
      at: sample.at, &changes)
    let isCongested =
      isActive(.receiverDownlink, .congestion) || queue >= thresholds.queue * 0.6
    drive(
      .receiverDownlink, .loss, isCongested ? gone.map { min($0, 0.01) } : gone,
      Double(down.reported), from, span: 5, begin: thresholds.loss, end: thresholds.loss * 0.4,
      &changes)
    drive(
      .receiverDownlink, .jitter, jitter(down, isCongested: isCongested), 1, from, span: 3,
      begin: thresholds.jitter, &changes)
    if isCongested || isActive(.receiverDownlink, .loss) || isActive(.receiverDownlink, .jitter)
      || (share ?? 0) >= thresholds.loss * 0.4
    {
      downlinkTroubleUntil = sample.at + Self.deviceLag
    }
    return downlinkTroubleUntil.map { sample.at <= $0 } ?? false
  }

  /// Milliseconds; `nil` where nothing is sent.
  private mutating func jitter(_ down: DownlinkSample, isCongested: Bool) -> Double? {
    defer { lastDownlinkSpread = down.spread }
    guard down.packets > 0 else { return nil }
    let reported = Double(down.jitter.microseconds) / 1000
    // A second that a queue fills is over before the next.
    let spread =
      isActive(.receiverDownlink, .congestion) ? .zero : min(lastDownlinkSpread, down.spread)
    return max(isCongested ? min(reported, 1) : reported, Double(spread.microseconds) / 1000)
  }

  private mutating func watchPlayout(
    _ sample: ParticipantSample, _ from: MediaInstant, _ networkIsBad: Bool,
    _ changes: inout [IncidentChange]
  ) {
    guard let playout = sample.playout else { return }
    if let frozen = playout.frozen {
      drive(
        .receiverDevice, .freeze, networkIsBad ? 0 : frozen, 1, from, span: 1, hold: 1,
        begin: thresholds.frozen, &changes)
    }
    if let concealed = playout.concealed {
      drive(
        .receiverDevice, .playout, networkIsBad ? 0 : concealed, 1, from, span: 1, hold: 1,
        begin: thresholds.concealed, &changes)
    }
  }

  // MARK: Incidents

  private func isActive(_ side: FaultSide, _ cause: IncidentCause) -> Bool {
    let fault = Fault(side: side, cause: cause)
    return triggers.first { $0.fault == fault }?.trigger.isActive ?? false
  }

  private mutating func drive(
    _ side: FaultSide, _ cause: IncidentCause, _ value: Double?, _ weight: Double,
    _ from: MediaInstant, span: Int, hold: Int = 4, begin: Double, end: Double? = nil,
    _ changes: inout [IncidentChange]
  ) {
    let fault = Fault(side: side, cause: cause)
    if triggers.isEmpty { triggers.reserveCapacity(13) }
    let place = triggers.firstIndex { $0.fault == fault } ?? triggers.endIndex
    if place == triggers.endIndex {
      triggers.append((fault, Trigger(begin: begin, end: end, span: span, hold: hold)))
    }
    let change = triggers[place].trigger.update(value, weight: weight, from: from)
    let trigger = triggers[place].trigger
    let now = from + .seconds(1)
    switch change {
    case .began:
      open(fault, since: trigger.since ?? from, measure(cause, trigger.worst), &changes)
    case .ended: close(fault, at: now, &changes)
    case nil:
      if trigger.isActive { worsen(fault, measure(cause, trigger.worst)) }
    }
  }

  /// What the incident shows.
  private func measure(_ cause: IncidentCause, _ worst: Double) -> Double {
    cause == .lowFrameRate ? max(thresholds.frameRate - worst, 0) : worst
  }

  private mutating func set(
    _ side: FaultSide, _ cause: IncidentCause, _ isThere: Bool, since: MediaInstant,
    worst: Double, severity: IncidentSeverity, at now: MediaInstant,
    _ changes: inout [IncidentChange]
  ) {
    let fault = Fault(side: side, cause: cause)
    let at = index(of: fault)
    if isThere, at == nil {
      let incident = Incident(
        side: side, cause: cause, severity: severity, began: since, worst: worst)
      running.append(incident)
      changes.append(.began(incident))
    } else if !isThere, at != nil {
      close(fault, at: now, &changes)
    }
  }

  /// What was watched is not there any more.
  private mutating func quiet(
    _ side: FaultSide, _ cause: IncidentCause, _ now: MediaInstant,
    _ changes: inout [IncidentChange]
  ) {
    let fault = Fault(side: side, cause: cause)
    if let place = triggers.firstIndex(where: { $0.fault == fault }) {
      triggers[place].trigger.reset()
    }
    if index(of: fault) != nil { close(fault, at: now, &changes) }
  }

  private func index(of fault: Fault) -> Int? {
    running.firstIndex { $0.side == fault.side && $0.cause == fault.cause }
  }

  private mutating func open(
    _ fault: Fault, since: MediaInstant, _ worst: Double, _ changes: inout [IncidentChange]
  ) {
    guard index(of: fault) == nil else { return }
    let incident = Incident(
      side: fault.side, cause: fault.cause, severity: severity(fault.cause, worst), began: since,
      worst: worst)
    running.append(incident)
    changes.append(.began(incident))
  }

  private mutating func worsen(_ fault: Fault, _ worst: Double) {
    guard let at = index(of: fault) else { return }
    running[at].worst = worst
    running[at].severity = max(running[at].severity, severity(fault.cause, worst))
  }

  private mutating func close(
    _ fault: Fault, at now: MediaInstant, _ changes: inout [IncidentChange]
  ) {
    guard let at = index(of: fault) else { return }
    var incident = running.remove(at: at)
    incident.ended = now
    changes.append(.ended(incident))
  }

  private func severity(_ cause: IncidentCause, _ worst: Double) -> IncidentSeverity {
    let factor: Double =
      switch cause {
      case .loss: worst / thresholds.loss
      case .jitter: worst / thresholds.jitter
      case .delay: worst / thresholds.roundTrip
      case .congestion: worst / thresholds.queue
      case .freeze: worst / thresholds.frozen
      case .playout: worst / thresholds.concealed
      case .lowFrameRate: thresholds.frameRate / max(worst, 1)
      case .silence, .saturation, .overload, .audioOnly: 2
      case .oneWayAudio, .drop: 4
      case .reconnect, .relayChange, .clockStep: 1
      }
    if factor >= 4 { return .critical }
    return factor >= 2 ? .major : .minor
  }
}
