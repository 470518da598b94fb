internal import Congestion
internal import Consultation
internal import Logging
internal import MediaEngine

/// One live consultation: carries messages between its clients, its rules (`Room`), the record
/// store and its worker. It decides nothing itself.
///
/// Every verb runs alone (`exclusively`), also while it waits for the record store: what is written
/// is written before it is true here and before anyone is told.
actor RoomSession {
  nonisolated let id: ConsultationID
  let worker: WorkerLink
  nonisolated let workerIndex: Int
  let environment: RoomEnvironment
  let identifiers: RoomIdentifiers
  var room: Room
  var sessions: [ParticipantID: ParticipantSession] = [:]
  /// Which participant a peer of the worker belongs to.
  var owners: [PeerID: ParticipantID] = [:]
  /// What is given up of subscriptions on narrow paths; the others are not in it.
  var adaptations: [SubscriptionID: Adaptation] = [:]
  /// What sound should be like for the sake of a viewer's path, where it is narrow.
  var soundLimits: [SubscriptionID: SoundRate] = [:]
  /// The same by publication, as its publisher was told.
  var limitsTold: [TrackID: SoundRate] = [:]
  /// Which publications of others each participant knows of: those that it may receive.
  var told: [ParticipantID: Set<TrackID>] = [:]
  /// What each participant was told of consents.
  var consentsTold: [ParticipantID: [ConsentStatus]] = [:]
  /// What shared files are called and when they were shared: in memory alone.
  var fileNames: [FileID: (name: String, at: WallClock)] = [:]
  /// Still images that are being taken.
  var captures: [ImageCapture: RunningCapture] = [:]
  /// Smaller pictures that are being made.
  var renditions: [TrackID: RunningRendition] = [:]
  /// Microphones of which it is measured how loud they are.
  var measures: [TrackID: RunningMeasure] = [:]
  /// Voices that are put together, by listener.
  var mixes: [ParticipantID: RunningMix] = [:]
  var mixPauses: [ParticipantID: MixPause] = [:]
  /// Who is here by RTP.
  var bridges: [ParticipantID: RunningRoomBridge] = [:]
  /// `nil`: nothing is recorded.
  var runningRecording: RunningRecording?
  var recordingCount: UInt32 = 0
  private var lane = SerialLane()
  let recorder: RoomRecorder

  /// - Parameter number: not used by another room of this process, ever.
  init(
    _ record: ConsultationRecord, number: UInt32, worker: WorkerLink,
    environment: RoomEnvironment
  ) {
    id = record.id
    self.worker = worker
    workerIndex = worker.index
    self.environment = environment
    identifiers = RoomIdentifiers(room: number)
    room = Room(record, participantLimit: environment.participantLimit(of: record.id))
    recorder = RoomRecorder(consultation: record.id, environment: environment)
  }

  // MARK: What is there

  /// Nobody is here and nothing waits to be written: the room can be forgotten and loaded again.
  var isIdle: Bool { sessions.isEmpty && recorder.isSettled && !lane.isBusy }

  var state: ConsultationState { room.state }

  /// Those inside.
  var roster: [RosterEntry] { room.roster.map(RosterEntry.init) }

  /// Everyone who is here, and who of them waits to be let in.
  var present: [(entry: RosterEntry, isWaiting: Bool)] {
    room.present.map { (RosterEntry($0), !$0.admission.isInside) }
  }

  var participantCount: Int { room.present.count }

  /// How many are inside, have lost their connection, and wait to be let in.
  var presences: Presences {
    room.present.reduce(into: Presences()) { sum, one in
      if !one.admission.isInside {
        sum.waiting += 1
      } else if one.presence.isConnected {
        sum.connected += 1
      } else {
        sum.reconnecting += 1
      }
    }
  }

  // MARK: Messages

  /// A message of a joined client. Replies go to its link.
  func receive(
    _ body: ClientMessage.Body, re: String?, from participant: ParticipantID, on link: ClientLink
  ) async throws(SignalingError) {
    guard !lane.isFull else {
      throw SignalingError(.busy, "too much is waiting in this consultation: try again")
    }
    try await exclusively { () async throws(SignalingError) in
      guard let session = sessions[participant], session.link === link else {
        throw SignalingError(.wrongState, "this connection has left the consultation")
      }
      try await handle(body, re: re, from: session, on: link)
    }
  }

  private func handle(
    _ body: ClientMessage.Body, re: String?, from session: ParticipantSession, on link: ClientLink
  ) async throws(SignalingError) {
    guard room.isAdmitted(session.id) || body.isForWaiting else {
      throw SignalingError(RoomError.waiting)
    }
    switch body {
    case .offer(let offer):
      try await answer(offer, from: session, re: re)
    case .candidate:
      // We are ICE-lite: the client's addresses are learned from its checks.
      if let re { link.send(.accepted(re: re)) }
    case .prioritize(let publication, let priority):
      try await setPriority(track(publication), priority, by: session, re: re)
    case .mute(let publication, let muted):
      try await setMuted(track(publication), muted, by: session, re: re)
    case .unpublish(let publication):
      try await unpublish(track(publication), by: session, re: re)
    case .unsubscribe(let publication):
      unsubscribe(try track(publication), by: session)
      if let re { link.send(.accepted(re: re)) }
    case .view(let publication, let width, let height):
      setView(try track(publication), PictureSize(width: width, height: height), by: session)
      if let re { link.send(.accepted(re: re)) }
    case .stats(let statistics):
      await environment.quality?.note(statistics, of: session.id, in: id)
      if let re { link.send(.accepted(re: re)) }
    case .uplink(let carriesVideo):
      setUplink(carriesVideo: carriesVideo, of: session)
      if let re { link.send(.accepted(re: re)) }
    case .admit(let participant):
      try await admit(self.participant(participant), by: session, re: re)
    case .hold(let participant):
      try await hold(self.participant(participant), by: session, re: re)
    case .remove(let participant, let ban):
      try await remove(
        self.participant(participant), banning: ban, by: session.token.role, actor: session.id)
      if let re { link.send(.accepted(re: re)) }
    case .consent(let answer):
      try await consent(answer, by: session, re: re)
    case .chat(let text):
      try await write(text, by: session, re: re)
    case .capture(let publication):
      try await captureImage(of: track(publication), by: session, re: re)
    case .record(let isActive):
      try await setRecording(isActive, by: session, re: re)
    case .aside(let isActive):
      try await setAside(isActive, by: session, re: re)
    case .transfer(let successor):
      try await transfer(
        to: successor.map { text throws(SignalingError) in try self.participant(text) },
        by: session, re: re)
    case .check(let request):
      try check(request, by: session, re: re)
    case .checkReport(let report):
      try await finishCheck(report, by: session, re: re)
    case .leave:
      await leave(session, re: re)
    case .end:
      try await end(by: session.token.role, actor: session.id, re: re)
    case .join, .ping:
      throw SignalingError(.wrongState, "this message is for the connection, not the room")
    }
  }

  /// The publication of a message.
  func track(_ text: String) throws(SignalingError) -> TrackID {
    guard let number = UInt64(text) else {
      throw SignalingError(.notFound, "there is no such publication in this consultation")
    }
    return TrackID(rawValue: number)
  }

  /// The participant of a message.
  private func participant(_ text: String) throws(SignalingError) -> ParticipantID {
    guard let id = ParticipantID(rawValue: text) else {
      throw SignalingError(RoomError.noSuchParticipant)
    }
    return id
  }

  // MARK: One at a time

  func exclusively<Result, Failure: Error>(
    _ body: () async throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    if !lane.enter() { await withCheckedContinuation { lane.enqueue($0) } }
    defer {
      settleMixes()
      settleAdaptations()
      settleEncodingLimits()
      lane.leave()
    }
    return try await body()
  }

  // MARK: What changed

  /// Makes a change true here and tells everyone. `actor` is whose message `re` was.
  func settle(_ effects: [RoomEffect], by actor: ParticipantID? = nil, re: String? = nil) {
    var gone: Set<ParticipantID> = []
    for (place, effect) in effects.enumerated() {
      switch effect {
      case .sittingEnded:
        fileNames = [:]
        clearFiles()
      case .chargeTaken(let physician, let former, let reason):
        broadcast(
          .charge(
            participant: physician.rawValue, from: former?.rawValue, reason: reason.rawValue))
      case .sittingBegan, .stateChanged, .shared, .fetched, .chargeOffered, .removed, .ended,
        .consented, .bridgeBegan, .bridgesPaused, .bridgesResumed, .bridgeEnded:
        break
      case .captureBegan(let capture), .captureEnded(let capture, _):
        tellHooks(of: capture.subject)
      case .renditionBegan(let rendition), .renditionEnded(let rendition):
        tellHooks(of: rendition.subject)
      case .measurementBegan(let measurement), .measurementEnded(let measurement):
        tellHooks(of: measurement.subject)
      case .mixBegan(let mix), .mixEnded(let mix):
        for subject in Set(mix.voices.map(\.subject)) { tellHooks(of: subject) }
      case .recordingBegan(let actor): tellRecording(by: actor)
      case .recordingPaused, .recordingResumed: tellRecording()
      case .recordingEnded(let reason, let actor): tellRecording(reason, by: actor)
      case .asideBegan, .asideEnded:
        tellAside()
      case .wrote(let participant, _):
        tellWords(of: participant)
      case .joined(let participant):
        worker.countParticipants(1)
        guard participant.admission.isInside else { continue }
        broadcast(.participantJoined(RosterEntry(participant)), except: participant.id)
      case .waiting(let participant):
        if let entry = room[participant].map(RosterEntry.waiting) {
          tellKeepers(.waitingJoined(entry))
        }
      case .checked(let participant, let check):
        tellKeepers(.checked(participant: participant.rawValue, CheckView(check), re: nil))
      case .admitted(let participant, _):
        welcome(participant.id)
      case .held(let participant, _):
        putOut(participant.id)
      case .waitingEnded(let participant):
        gone.insert(participant)
        tellKeepers(.waitingLeft(participant: participant.rawValue, reason: "left"))
      case .suspended(let participant, _):
        tell(
          .participantUpdated(participant: participant.rawValue, state: .reconnecting),
          of: participant)
      case .resumed(let participant):
        tell(
          .participantUpdated(participant: participant.rawValue, state: .connected),
          of: participant)
      case .published(let participant, let publication):
        tell(publication, of: participant, followedBy: effects[(place + 1)...])
        if publication.priority != publication.source.usualPriority {
          // A page that was loaded again does not know.
          tell(publication.priority, of: publication.track, of: participant)
        }
        rebindViewers(of: participant)
      case .muted(let participant, let track, let muted):
        tell(
          .muted(
            participant: participant.rawValue, publication: track.description, muted: muted,
            re: nil), toReceiversOf: track)
        if let actor {
          sessions[actor]?.link?.send(
            .muted(
              participant: participant.rawValue, publication: track.description, muted: muted,
              re: re))
        }
      case .prioritized(let participant, let track, let priority):
        tell(priority, of: track, of: participant)
      case .unpublished(let participant, let track, _):
        tellEnd(of: track, of: participant)
        rebindViewers(of: participant)
      case .left(let participant, let reason):
        depart(
          participant, reason, wasInside: !gone.contains(participant),
          re: participant == actor ? re : nil)
      }
    }
    stopRenditions(in: room)
    stopMixes(in: room)
    settleMeasurements()
    settleRecording()
    settleBridges()
    if !room.consents.isEmpty {
      settleEdges()
      tellConsents()
    } else if effects.contains(where: \.isOfAside) {
      settleEdges()
    }
  }

  /// The participant is off the roster already: ends its media and its link, tells the others.
  private func depart(
    _ participant: ParticipantID, _ reason: LeaveReason, wasInside: Bool, re: String?
  ) {
    told[participant] = nil
    consentsTold[participant] = nil
    mixPauses[participant] = nil
    guard let session = sessions.removeValue(forKey: participant) else { return }
    worker.countParticipants(-1)
    environment.admission.giveBack()
    environment.counters.add(.leaves)
    environment.logger.info(
      "participant left",
      metadata: [
        "consultation": "\(id)", "participant": "\(participant)", "reason": "\(reason.rawValue)",
      ])
    for connection in session.connections { release(connection) }
    endChecks(of: session)
    if wasInside {
      broadcast(.participantLeft(participant: participant.rawValue, reason: reason.rawValue))
    }
    guard let link = session.link else { return }
    switch reason {
    case .left: link.send(.left(re: re))
    case .ended: link.send(.ended(reason: reason.rawValue, re: re))
    case .removed: link.send(.removed(reason: reason.rawValue))
    case .connectionLost, .replaced, .mediaFailed, .serverShutdown, .serverCrash: break
    }
    link.close(reason == .serverShutdown ? .shuttingDown : .over)
  }

  /// To those inside: who waits learns nothing of them.
  func broadcast(_ message: ServerMessage, except: ParticipantID? = nil) {
    for (participant, session) in sessions
    where participant != except && room.isAdmitted(participant) {
      session.link?.send(message)
    }
  }

  /// To those who may know that `subject` is here.
  private func tell(_ message: ServerMessage, of subject: ParticipantID) {
    for (participant, session) in sessions
    where participant != subject && room.mayKnow(participant, of: subject) {
      session.link?.send(message)
    }
  }

  /// Ends the peer and what belongs to it on the worker.
  func release(_ connection: MediaConnection) {
    guard let peer = connection.peer else { return }
    worker.send([.removePeer(peer)])
    owners[peer] = nil
    connection.peer = nil
  }
}
