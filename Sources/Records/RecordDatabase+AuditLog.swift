public import Consultation

/// What is in the audit log alone, and what needs both. Without a log nothing of it is kept.
extension RecordDatabase {
  public func note(_ reading: RecordReading, at now: WallClock) async throws(RecordStoreError) {
    try await outbox?.tell([.read(reading)], at: now)
  }

  public func note(
    _ invitation: IssuedInvitation, at now: WallClock
  ) async throws(RecordStoreError) {
    try await outbox?.tell([.invited(invitation)], at: now)
  }

  public func note(
    _ refused: [RefusedTokens], at now: WallClock
  ) async throws(RecordStoreError) {
    try await outbox?.tell(refused.map(AuditEvent.refused), at: now)
  }

  public func fhir(
    _ id: ConsultationID, _ rule: ActRule, at now: WallClock
  ) async throws(RecordStoreError) -> [UInt8]? {
    guard let log = outbox?.log, let record = try await consultation(id) else { return nil }
    let participants = try await participants(of: id)
    return FHIRBundle(
      consultation: record, participants: participants, consents: try await consents(of: id),
      outcome: rule.outcome(of: try await mediaTime(of: id)), log: log.origin,
      checkpoint: await log.newestCheckpoint, now: now
    ).bytes
  }
}
