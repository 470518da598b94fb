/// Keeps records for as long as the process lives: for tests, and the model that durable stores
/// are compared with.
public actor InMemoryRecordStore: ConsultationRecordStore {
  fileprivate struct Entry {
    var consultation: ConsultationRecord
    var participants: [ParticipantRecord] = []
    var consents: [ConsentRecord] = []
    var files: [FileRecord] = []
    var satisfactions: [BearerMark: Satisfaction] = [:]
  }

  private var entries: [ConsultationID: Entry] = [:]
  private var order: [ConsultationID] = []
  private var spent: [String: WallClock] = [:]

  public init() {}

  public func open(_ consultation: ConsultationRecord) throws(RecordStoreError) {
    guard entries[consultation.id] == nil else { throw .exists }
    entries[consultation.id] = Entry(consultation: consultation)
    order.append(consultation.id)
  }

  public func append(
    _ effects: [RoomEffect], to consultation: ConsultationID, at now: WallClock
  ) throws(RecordStoreError) {
    guard var entry = entries[consultation] else { throw .noSuchConsultation }
    guard entry.consultation.state != .ended else { throw .ended }
    for effect in effects { entry.apply(effect, at: now) }
    entries[consultation] = entry
  }

  public func end(
    _ consultation: ConsultationID, reason: LeaveReason, at now: WallClock
  ) throws(RecordStoreError) {
    guard var entry = entries[consultation] else { throw .noSuchConsultation }
    guard entry.consultation.state != .ended else { throw .ended }
    entry.close(reason, at: now)
    entry.apply(.stateChanged(.ended), at: now)
    entry.apply(.ended(reason), at: now)
    entries[consultation] = entry
  }

  public func consultation(_ id: ConsultationID) -> ConsultationRecord? {
    entries[id]?.consultation
  }

  public func consultations(state: ConsultationState?, limit: Int) -> [ConsultationRecord] {
    let matching = order.reversed().lazy.compactMap { self.entries[$0]?.consultation }
      .filter { state == nil || $0.state == state }
    return Array(matching.prefix(max(0, limit)))
  }

  public func participants(of consultation: ConsultationID) -> [ParticipantRecord] {
    entries[consultation]?.participants ?? []
  }

  public func consents(of consultation: ConsultationID) -> [ConsentRecord] {
    entries[consultation]?.consents ?? []
  }

  public func files(of consultation: ConsultationID) -> [FileRecord] {
    entries[consultation]?.files ?? []
  }

  public func keep(
    _ recording: FileRecord, link: String, isWhole: Bool, at now: WallClock
  ) throws(RecordStoreError) {
    guard entries[recording.consultation] != nil else { throw .noSuchConsultation }
    guard !files(of: recording.consultation).contains(where: { $0.id == recording.id }) else {
      throw .exists
    }
    entries[recording.consultation]?.files.append(recording)
  }

  public func handedOver(after now: WallClock) -> [FileRecord] {
    order.flatMap { files(of: $0) }.filter { $0.keptUntil.map { $0 > now } ?? false }
  }

  public func note(
    _ satisfaction: Satisfaction, by bearer: BearerMark, of consultation: ConsultationID,
    at now: WallClock
  ) throws(RecordStoreError) {
    guard entries[consultation] != nil else { throw .noSuchConsultation }
    entries[consultation]?.satisfactions[bearer] = satisfaction
  }

  public func satisfactions(of consultation: ConsultationID) -> [Satisfaction] {
    (entries[consultation]?.satisfactions.values).map(Array.init) ?? []
  }

  public func closeWhatWasOpen(reason: LeaveReason, at now: WallClock) -> Int {
    var closed = 0
    for id in order {
      if var entry = entries[id] {
        closed += entry.close(reason, at: now)
        entries[id] = entry
      }
    }
    return closed
  }

  public func spendInvitation(_ jti: String, expires: WallClock, at now: WallClock) -> Bool {
    spent = spent.filter { $0.value > now }
    return spent.updateValue(expires, forKey: jti) == nil
  }
}

extension InMemoryRecordStore.Entry {
  fileprivate mutating func apply(_ effect: RoomEffect, at now: WallClock) {
    switch effect {
    case .sittingBegan:
      consultation.sittings.append(.init(beganAt: now, end: nil))
    case .joined(let participant):
      participants.append(
        ParticipantRecord(
          id: participant.id, role: participant.role, name: participant.name,
          joinedAt: participant.joinedAt, claims: participant.claims, end: nil))
    case .waiting(let id):
      note(.waiting, of: id, by: nil, at: now)
    case .admitted(let participant, let actor):
      note(.admitted, of: participant.id, by: actor, at: now)
    case .held(let participant, let actor):
      note(.held, of: participant.id, by: actor, at: now)
    case .checked(let id, let check):
      if let at = participants.lastIndex(where: { $0.id == id && $0.end == nil }) {
        participants[at].checks.append(.init(check, at: now))
      }
    case .removed(_, let removal):
      if let banned = removal.banned { consultation.bans.insert(banned) }
    case .consented(let entry):
      consents.append(ConsentRecord(entry, at: now))
    case .shared(let file):
      files.append(FileRecord(file, in: consultation.id, at: now))
    case .left(let id, let reason):
      if let at = participants.lastIndex(where: { $0.id == id && $0.end == nil }) {
        participants[at].end = .init(at: now, reason: reason)
      }
    case .stateChanged(let state):
      consultation.state = state
    case .sittingEnded(let reason):
      if let last = consultation.sittings.indices.last, consultation.sittings[last].end == nil {
        consultation.sittings[last].end = .init(at: now, reason: reason)
      }
    case .ended(let reason):
      consultation.end = .init(at: now, reason: reason)
    case .suspended, .resumed, .published, .muted, .prioritized, .unpublished, .waitingEnded,
      .asideBegan,
      .asideEnded, .wrote, .fetched, .captureBegan, .captureEnded,
      .renditionBegan, .renditionEnded, .measurementBegan, .measurementEnded, .mixBegan, .mixEnded,
      .bridgeBegan, .bridgesPaused, .bridgesResumed, .bridgeEnded,
      .recordingBegan, .recordingPaused, .recordingResumed, .recordingEnded,
      .chargeTaken, .chargeOffered:
      break
    }
  }

  private mutating func note(
    _ event: DoorEvent, of id: ParticipantID, by actor: ParticipantID?, at now: WallClock
  ) {
    guard let at = participants.lastIndex(where: { $0.id == id && $0.end == nil }) else { return }
    participants[at].passages.append(.init(event, at: now, by: actor))
  }

  /// Returns how many presences were open.
  @discardableResult
  fileprivate mutating func close(_ reason: LeaveReason, at now: WallClock) -> Int {
    var closed = 0
    for at in participants.indices where participants[at].end == nil {
      participants[at].end = .init(at: now, reason: reason)
      closed += 1
    }
    apply(.sittingEnded(reason), at: now)
    if consultation.state == .active { consultation.state = .open }
    return closed
  }
}
