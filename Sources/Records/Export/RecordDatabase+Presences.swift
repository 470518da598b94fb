public import Consultation
internal import GRDB

extension RecordDatabase {
  /// By the index of consultations, so that each page costs what it holds, however many there are.
  public func presences(
    from: WallClock, to: WallClock, after place: ExportedPresence.Place?, atMost: Int
  ) async throws(RecordStoreError) -> [ExportedPresence] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT consultation.number AS consultationNumber, consultation.id AS consultationID, kind,
            createdAt, consultation.endedAt, consultation.endReason, erasedAt,
            presence.number AS presenceNumber, participant, role, joinedAt, leftAt, leaveReason
          FROM consultation CROSS JOIN presence ON presence.consultation = consultation.number
          WHERE (createdAt, consultation.number) >= (:createdAt, :consultation)
            AND createdAt < :to AND countsAsAct
            AND (consultation.number <> :consultation OR presence.number > :presence)
          ORDER BY createdAt, consultation.number, presence.number LIMIT :limit
          """,
        arguments: [
          "createdAt": place?.createdAt.milliseconds ?? from.milliseconds,
          "consultation": place?.consultation ?? 0, "presence": place?.presence ?? 0,
          "to": to.milliseconds, "limit": atMost,
        ]
      ).map { try ExportedPresence($0) }
    }
  }
}

extension ExportedPresence {
  fileprivate init(_ row: Row) throws {
    let erasedAt: Int64? = row["erasedAt"]
    self.init(
      place: Place(
        createdAt: row.moment("createdAt"), consultation: row["consultationNumber"],
        presence: row["presenceNumber"]),
      consultation: try row.value("consultationID"), kind: try row.value("kind"),
      end: try row.ending("endedAt", "endReason"),
      erasedAt: erasedAt.map(WallClock.init(milliseconds:)),
      participant: try row.value("participant"), role: try row.value("role"),
      joinedAt: row.moment("joinedAt"), left: try row.ending("leftAt", "leaveReason"))
  }
}
