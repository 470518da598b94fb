internal import Consultation
internal import MediaEngine
internal import Quality
internal import Wire

/// Watches what every participant of this server lives through: takes the workers' numbers once a
/// second, scores each direction, finds incidents and where they come from, and tells those who
/// watch.
///
/// It knows participants by random ids and roles; names do not come here.
actor QualityMonitor {
  /// Consultations that are over are kept for a while, for who looks a moment too late.
  static let linger = MediaDuration.seconds(60)
  /// Who watches and does not read is dropped behind by so many events.
  static let eventBacklog = 256
  static let maximumWatchers = 32
  /// A worker that was late by so much between two looks has held up calls itself.
  static let lateness = MediaDuration.milliseconds(200)

  fileprivate struct Worker {
    var lastLook: MediaInstant?
    var arenaRefused: UInt64 = 0
    var dropped: UInt64 = 0
    var overloadedUntil: MediaInstant?
    var figures = TurnLoad.Figures()
    /// Of the last look.
    var load = 0.0
    var slowTurns = 0.0
    var arenaUse = 0.0
    var peers = 0
  }

  struct NodeHealth: Sendable {
    var worker: Int
    /// Share of the time in turns, 0...1.
    var load: Double
    /// Share of turns longer than 5 ms, 0...1.
    var slowTurns: Double
    /// Share of packet slots in use, 0...1.
    var arenaUse: Double
    var peers: Int
    var isOverloaded: Bool
  }

  private let thresholds: QualityThresholds
  private let clock: SignalingClock
  private var watches: [ConsultationID: ConsultationWatch] = [:]
  /// Of consultations that were not looked at yet.
  private var setups: [ConsultationID: [Double]] = [:]
  /// Of those who wait.
  private var checks: [Checked: CheckWatch] = [:]
  private var workers: [Int: Worker] = [:]
  private var watchers: [Int: AsyncStream<QualityEvent>.Continuation] = [:]
  private var lastWatcher = 0
  private(set) var histograms = QualityHistograms()
  private var lastClock: (now: MediaInstant, wall: WallClock)?

  init(thresholds: QualityThresholds, clock: SignalingClock) {
    self.thresholds = thresholds
    self.clock = clock
  }

  // MARK: What comes in

  func note(
    _ statistics: ClientStatistics, of participant: ParticipantID, in id: ConsultationID
  ) {
    guard let watch = watches[id] else { return }
    tell(watch.note(statistics, of: participant, at: clock.now()), of: watch)
  }

  /// How long media took to come up after an answer.
  func note(connect span: MediaDuration, in id: ConsultationID) {
    histograms.note(connect: span.seconds)
    // Media may be there before the first look.
    if let watch = watches[id] {
      if watch.setups.count < 100 { watch.setups.append(span.seconds) }
    } else if setups.count < 1000 {
      setups[id, default: []].append(span.seconds)
    }
  }

  /// A worker's numbers. More often than about once a second they are left.
  ///
  /// - Parameters:
  ///   - rooms: what is on the worker.
  ///   - dropped: datagrams that its socket has dropped so far.
  func sweep(
    _ index: Int, _ statistics: WorkerStatistics, _ rooms: [RoomMedia], dropped: UInt64,
    turns: TurnLoad.Figures
  ) {
    let now = clock.now()
    var worker = workers[index] ?? Worker()
    if let last = worker.lastLook, now - last < .milliseconds(800) { return }
    let isFirst = worker.lastLook == nil
    let span = max(worker.lastLook.map { (now - $0).seconds } ?? 1, 0.1)
    if !isFirst,
      statistics.arenaRefused > worker.arenaRefused || dropped > worker.dropped
        || turns.late - worker.figures.late >= Self.lateness
    {
      worker.overloadedUntil = now + .seconds(2)
    }
    worker.note(statistics, turns, dropped: dropped, span: span, at: now)
    workers[index] = worker
    let isOverloaded = worker.overloadedUntil.map { $0 >= now } ?? false
    let numbers = StatisticsIndex(statistics)
    let stepped = clockStepped(now)
    lookAtChecks(rooms, numbers, now)
    for room in rooms where !room.people.isEmpty {
      let watch =
        watches[room.consultation]
        ?? ConsultationWatch(
          room.consultation, room.kind, thresholds: thresholds, at: now, wall: clock.wall())
      watches[room.consultation] = watch
      if let early = setups.removeValue(forKey: room.consultation) { watch.setups += early }
      tell(watch.look(room, numbers, isOverloaded: isOverloaded, at: now), of: watch)
      if stepped { noteClockStep(watch, now) }
      observe(watch)
    }
    watches = watches.filter { now - $0.value.lastLook < Self.linger }
  }

  struct Checked: Hashable, Sendable {
    var consultation: ConsultationID
    var participant: ParticipantID
  }

  private func lookAtChecks(
    _ rooms: [RoomMedia], _ numbers: StatisticsIndex, _ now: MediaInstant
  ) {
    for room in rooms {
      for person in room.checks {
        let key = Checked(consultation: room.consultation, participant: person.id)
        let watch = checks[key] ?? CheckWatch(person, thresholds: thresholds, at: now)
        checks[key] = watch
        watch.look(person, numbers, at: now)
      }
    }
    checks = checks.filter { now - $0.value.lastLook < .seconds(10) }
  }

  /// What the path of somebody who waits carried; forgets it. `nil`: nothing was measured.
  func endCheck(
    of participant: ParticipantID, in id: ConsultationID
  ) -> ConnectionCheck.Figures? {
    checks.removeValue(forKey: Checked(consultation: id, participant: participant))?.figures
  }

  /// Checks that send more than they should.
  var checksOfTooMuch: [Checked] { checks.filter { $0.value.isTooMuch }.map(\.key) }

  /// Whether the wall clock and the monotonic one have parted since the last look.
  private func clockStepped(_ now: MediaInstant) -> Bool {
    let wall = clock.wall()
    defer { lastClock = (now, wall) }
    guard let lastClock else { return false }
    let drift =
      (wall.milliseconds - lastClock.wall.milliseconds) - (now - lastClock.now).milliseconds
    return abs(drift) > 1000
  }

  private func noteClockStep(_ watch: ConsultationWatch, _ now: MediaInstant) {
    for person in watch.people.values where watch.present.contains(person.id) {
      let changes = person.detector.note(.node, .clockStep, severity: .minor, at: now)
      tell(watch.log(changes, of: person), of: watch)
    }
  }

  private func observe(_ watch: ConsultationWatch) {
    for id in watch.present {
      guard let sample = watch.people[id]?.sample else { continue }
      histograms.note(sample)
    }
    for (key, direction) in watch.directions where watch.present.contains(key.receiver) {
      if let sound = direction.soundNow { histograms.note(sound: sound) }
      if let picture = direction.pictureNow { histograms.note(picture: picture) }
    }
  }

  // MARK: What goes out

  /// Events from now on; `nil` when too many watch already.
  func events() -> AsyncStream<QualityEvent>? {
    guard watchers.count < Self.maximumWatchers else { return nil }
    let (stream, continuation) = AsyncStream.makeStream(
      of: QualityEvent.self, bufferingPolicy: .bufferingNewest(Self.eventBacklog))
    lastWatcher += 1
    let number = lastWatcher
    watchers[number] = continuation
    continuation.onTermination = { [weak self] _ in
      Task { await self?.forget(number) }
    }
    return stream
  }

  private func forget(_ number: Int) { watchers[number] = nil }

  private func tell(_ changes: [ConsultationWatch.LoggedChange], of watch: ConsultationWatch) {
    for change in changes {
      if !change.isEnd { histograms.note(change.logged.incident) }
      guard !watchers.isEmpty else { continue }
      let event = QualityEvent(
        name: change.isEnd ? "incident-end" : "incident-begin",
        incident: IncidentView(change.logged, wallClock: moment), consultation: watch.id.rawValue)
      for watcher in watchers.values { watcher.yield(event) }
    }
  }

  /// The wall clock of an instant, by the clocks of now.
  func moment(_ instant: MediaInstant) -> WallClock {
    let ago = clock.now() - instant
    return WallClock(milliseconds: clock.wall().milliseconds - ago.milliseconds)
  }

  var nodes: [NodeHealth] {
    let now = clock.now()
    return workers.map { index, worker in
      NodeHealth(
        worker: index, load: worker.load, slowTurns: worker.slowTurns, arenaUse: worker.arenaUse,
        peers: worker.peers, isOverloaded: worker.overloadedUntil.map { $0 >= now } ?? false)
    }
    .sorted { $0.worker < $1.worker }
  }

  /// Turns of all workers by their length.
  var turns: [UInt64] {
    workers.values.reduce(into: [UInt64](repeating: 0, count: TurnLoad.bounds.count + 1)) {
      sum, worker in
      for (i, count) in worker.figures.turns.enumerated() { sum[i] += count }
    }
  }

  /// What is live, who suffers most first.
  func wall() -> [QualityTile] {
    let now = clock.now()
    return watches.values
      .filter { !$0.present.isEmpty && now - $0.lastLook < .seconds(5) }
      .map { QualityTile($0, wallClock: moment) }
      .sorted { ($1.suffering, $0.id) < ($0.suffering, $1.id) }
  }

  /// What there is to keep of consultations that were looked at since the last call.
  func records() -> [QualityRecord] {
    watches.values.compactMap { watch in
      guard watch.keptUntil.map({ $0 < watch.lastLook }) ?? true else { return nil }
      watch.keptUntil = watch.lastLook
      return QualityRecord(
        consultation: watch.id, beganAt: watch.beganAt,
        content: QualityRecordView(watch, wallClock: moment).json,
        mediaTime: watch.mediaClock.time)
    }
  }

  func detail(of id: ConsultationID) -> QualityDetail? {
    watches[id].map { QualityDetail($0, wallClock: moment) }
  }
}

extension QualityMonitor.Worker {
  fileprivate mutating func note(
    _ statistics: WorkerStatistics, _ turns: TurnLoad.Figures, dropped: UInt64, span: Double,
    at now: MediaInstant
  ) {
    let all = turns.turns.reduce(0, +)
    let before = figures.turns.reduce(0, +)
    // The bins beyond 5 ms.
    let slow = turns.turns[7...].reduce(0, +) &- figures.turns[7...].reduce(0, +)
    load = min(max((turns.busy - figures.busy).seconds / span, 0), 1)
    slowTurns = all > before ? Double(slow) / Double(all - before) : 0
    figures = turns
    arenaUse = 1 - Double(statistics.arenaFree) / Double(max(statistics.arenaSlots, 1))
    arenaRefused = statistics.arenaRefused
    self.dropped = dropped
    peers = statistics.peers.count
    lastLook = now
  }
}
