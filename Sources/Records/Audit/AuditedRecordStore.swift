public import Consultation

/// Keeps records in one store and tells the audit log what changed: nothing is acknowledged that is
/// not in both.
public struct AuditedRecordStore: ConsultationRecordStore {
  private let records: any ConsultationRecordStore
  private let log: AuditLog

  public init(_ records: any ConsultationRecordStore, log: AuditLog) {
    self.records = records
    self.log = log
  }

  private func note(_ events: [AuditEvent], at now: WallClock) async throws(RecordStoreError) {
    do { try await log.append(events, at: now) } catch { throw .storage("\(error)") }
  }

  public func open(_ consultation: ConsultationRecord) async throws(RecordStoreError) {
    try await records.open(consultation)
    var details: [String: CanonicalJSON] = [
      "kind": .string(consultation.kind.rawValue), "act": .boolean(consultation.countsAsAct),
      "waitingRoom": .boolean(consultation.hasWaitingRoom),
    ]
    if !consultation.consents.isEmpty {
      details["consents"] = .array(consultation.consents.map(CanonicalJSON.init))
    }
    let event = AuditEvent(.roomCreated, session: consultation.id, details: details)
    try await note([event], at: consultation.createdAt)
  }

  public func append(
    _ effects: [RoomEffect], to consultation: ConsultationID, at now: WallClock
  ) async throws(RecordStoreError) {
    try await records.append(effects, to: consultation, at: now)
    try await note(effects.compactMap { AuditEvent($0, of: consultation) }, at: now)
  }

  public func end(
    _ consultation: ConsultationID, reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) {
    try await records.end(consultation, reason: reason, at: now)
    let event = AuditEvent(
      .roomClosed, session: consultation, details: ["reason": .string(reason.rawValue)])
    try await note([event], at: now)
  }

  public func consultation(
    _ id: ConsultationID
  ) async throws(RecordStoreError) -> ConsultationRecord? {
    try await records.consultation(id)
  }

  public func consultations(
    state: ConsultationState?, limit: Int
  ) async throws(RecordStoreError) -> [ConsultationRecord] {
    try await records.consultations(state: state, limit: limit)
  }

  public func participants(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ParticipantRecord] {
    try await records.participants(of: consultation)
  }

  public func consents(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ConsentRecord] {
    try await records.consents(of: consultation)
  }

  public func files(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [FileRecord] {
    try await records.files(of: consultation)
  }

  public func handedOver(
    after now: WallClock
  ) async throws(RecordStoreError) -> [FileRecord] {
    try await records.handedOver(after: now)
  }

  public func note(
    _ satisfaction: Satisfaction, by bearer: BearerMark, of consultation: ConsultationID,
    at now: WallClock
  ) async throws(RecordStoreError) {
    try await records.note(satisfaction, by: bearer, of: consultation, at: now)
    // No session's entry: it may come after the last one of the consultation, which ends its chain.
    let details: [String: CanonicalJSON] = [
      "consultation": .string(consultation.rawValue),
      "role": .string(satisfaction.role.rawValue), "score": .integer(Int64(satisfaction.score)),
    ]
    try await note([AuditEvent(.satisfactionGiven, details: details)], at: now)
  }

  public func satisfactions(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [Satisfaction] {
    try await records.satisfactions(of: consultation)
  }

  @discardableResult
  public func closeWhatWasOpen(
    reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) -> Int {
    let closed = try await records.closeWhatWasOpen(reason: reason, at: now)
    if closed > 0 {
      let event = AuditEvent(
        .recordsClosed,
        details: ["presences": .integer(Int64(closed)), "reason": .string(reason.rawValue)])
      try await note([event], at: now)
    }
    return closed
  }

  /// Not in the log: it is kept anew every few seconds.
  public func keep(
    _ quality: [QualityRecord], at now: WallClock
  ) async throws(RecordStoreError) {
    try await records.keep(quality, at: now)
  }

  public func quality(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [QualityRecord] {
    try await records.quality(of: consultation)
  }

  /// The log alone: no session's entries, since who is refused is in none.
  public func note(
    _ refused: [RefusedTokens], at now: WallClock
  ) async throws(RecordStoreError) {
    let events = refused.map { one in
      var details: [String: CanonicalJSON] = [
        "reason": .string(one.reason), "count": .integer(Int64(one.count)),
      ]
      if let consultation = one.consultation {
        details["consultation"] = .string(consultation.rawValue)
      }
      return AuditEvent(.tokenRefused, details: details)
    }
    try await note(events, at: now)
  }

  public func webhooks() async throws(RecordStoreError) -> WebhookState? {
    try await records.webhooks()
  }

  public func replayWebhooks(
    from first: Int64, to last: Int64?, at now: WallClock
  ) async throws(RecordStoreError) -> Int {
    let count = try await records.replayWebhooks(from: first, to: last, at: now)
    let details: [String: CanonicalJSON] = [
      "from": .integer(first), "events": .integer(Int64(count)),
    ]
    try await note([AuditEvent(.webhooksReplayed, details: details)], at: now)
    return count
  }

  /// No session's entry: reading is not part of what happened in the consultation.
  public func note(_ reading: RecordReading, at now: WallClock) async throws(RecordStoreError) {
    var details: [String: CanonicalJSON] = [
      "role": .string(reading.role.rawValue), "reader": .string(reading.reader.rawValue),
      "category": .string(reading.category), "purpose": .string(reading.purpose),
    ]
    if let id = reading.consultation { details["consultation"] = .string(id.rawValue) }
    if let origin = reading.origin { details["origin"] = .string(origin) }
    try await note([AuditEvent(.recordRead, details: details)], at: now)
  }

  /// No session's entry, as a reading is none: what proves the consultation stays as it was.
  public func erase(
    _ id: ConsultationID, by eraser: RecordReading, at now: WallClock
  ) async throws(RecordStoreError) -> Bool {
    let isNew = try await records.erase(id, by: eraser, at: now)
    let details: [String: CanonicalJSON] = [
      "consultation": .string(id.rawValue), "role": .string(eraser.role.rawValue),
      "by": .string(eraser.reader.rawValue), "first": .boolean(isNew),
    ]
    try await note([AuditEvent(.recordErased, details: details)], at: now)
    return isNew
  }

  public func purge(
    _ category: Retention.Category, endedBefore limit: WallClock, isTrial: Bool, atMost: Int,
    at now: WallClock
  ) async throws(RecordStoreError) -> Purged {
    let purged = try await records.purge(
      category, endedBefore: limit, isTrial: isTrial, atMost: atMost, at: now)
    guard !isTrial else { return purged }
    let details: [String: CanonicalJSON] = [
      "category": .string(category.rawValue), "before": .string(limit.description),
      "count": .integer(Int64(purged.count)), "sha256": .string(purged.digest),
    ]
    try await note([AuditEvent(.recordsPurged, details: details)], at: now)
    return purged
  }

  public func acts(
    from: WallClock, to: WallClock
  ) async throws(RecordStoreError) -> [ConsultationID] {
    try await records.acts(from: from, to: to)
  }

  public func indicators(
    from: WallClock, to: WallClock, by grouping: Indicators.Grouping, _ rule: ActRule,
    at now: WallClock
  ) async throws(RecordStoreError) -> [Indicators] {
    try await records.indicators(from: from, to: to, by: grouping, rule, at: now)
  }

  public func mediaTime(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> MediaTime {
    try await records.mediaTime(of: consultation)
  }

  public func fhir(
    _ id: ConsultationID, _ rule: ActRule, at now: WallClock
  ) async throws(RecordStoreError) -> [UInt8]? {
    guard let record = try await records.consultation(id) else { return nil }
    let participants = try await records.participants(of: id)
    return FHIRBundle(
      consultation: record, participants: participants,
      consents: try await records.consents(of: id),
      outcome: rule.outcome(of: try await records.mediaTime(of: id)), log: log.origin,
      checkpoint: await log.newestCheckpoint, now: now
    ).bytes
  }

  public func spendInvitation(
    _ jti: String, expires: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> Bool {
    let isFirst = try await records.spendInvitation(jti, expires: expires, at: now)
    // The number of a token says nothing of its bearer, but whoever reads the log needs no token.
    try await note([AuditEvent(.invitationSpent, details: ["first": .boolean(isFirst)])], at: now)
    return isFirst
  }
}
