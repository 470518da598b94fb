public import Consultation
internal import GRDB

extension RecordDatabase {
  public func note(
    _ satisfaction: Satisfaction, by bearer: BearerMark, of consultation: ConsultationID,
    at now: WallClock
  ) async throws(RecordStoreError) {
    try await change(at: now) { [tellsWebhooks] db in
      let number = try Int64.fetchOne(
        db, sql: "SELECT number FROM consultation WHERE id = ?",
        arguments: [consultation.rawValue])
      guard let number else { throw RecordStoreError.noSuchConsultation }
      try db.execute(
        sql: """
          INSERT OR REPLACE INTO satisfaction (consultation, bearer, role, score, at)
          VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          number, bearer.rawValue, satisfaction.role.rawValue, satisfaction.score,
          now.milliseconds,
        ])
      guard tellsWebhooks, !consultation.isLoadTest else { return }
      try WebhookWrites(db: db, number: number, id: consultation.rawValue).tell(
        "satisfaction.given", at: now,
        [
          "role": .string(satisfaction.role.rawValue),
          "score": .integer(Int64(satisfaction.score)),
        ])
    } saying: {
      [.satisfied(satisfaction, consultation)]
    }
  }

  public func satisfactions(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [Satisfaction] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT role, score FROM satisfaction JOIN consultation
          ON consultation.number = satisfaction.consultation
          WHERE consultation.id = ? ORDER BY satisfaction.at
          """,
        arguments: [consultation.rawValue]
      ).compactMap { Satisfaction(role: try $0.value("role"), score: $0["score"]) }
    }
  }
}
