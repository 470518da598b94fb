public import Consultation
internal import GRDB

extension RecordDatabase {
  public func keep(
    _ recording: FileRecord, link: String, isWhole: Bool, at now: WallClock
  ) async throws(RecordStoreError) {
    try await change(at: now) { [tellsWebhooks] db in
      let row = try Row.fetchOne(
        db, sql: "SELECT number, erasedAt FROM consultation WHERE id = ?",
        arguments: [recording.consultation.rawValue])
      guard let row, row["erasedAt"] as Int64? == nil else {
        throw RecordStoreError.noSuchConsultation
      }
      let number: Int64 = row["number"]
      let isThere = try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM sharedFile WHERE consultation = ? AND file = ?)",
        arguments: [number, recording.id.rawValue])
      guard isThere != true else { throw RecordStoreError.exists }
      try db.execute(
        sql: """
          INSERT INTO sharedFile (consultation, file, participant, type, size, sha256, aside, at, keptUntil)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          number, recording.id.rawValue, recording.owner.rawValue, recording.type.rawValue,
          recording.size, recording.sha256, false, recording.at.milliseconds,
          recording.keptUntil?.milliseconds,
        ])
      guard tellsWebhooks, !recording.consultation.isLoadTest else { return }
      var data: [String: CanonicalJSON] = [
        "participant": .string(recording.owner.rawValue), "file": .string(recording.id.rawValue),
        "type": .string(recording.type.mediaType), "size": .integer(Int64(recording.size)),
        "sha256": .string(recording.sha256), "whole": .boolean(isWhole), "link": .string(link),
      ]
      if let until = recording.keptUntil { data["until"] = .string(until.description) }
      try WebhookWrites(db: db, number: number, id: recording.consultation.rawValue)
        .tell("recording.kept", at: now, data)
    } saying: {
      [.kept(recording, isWhole: isWhole)]
    }
  }
}
