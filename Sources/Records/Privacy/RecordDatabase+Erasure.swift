public import Consultation
internal import Crypto
internal import Foundation
internal import GRDB

/// Forgetting who somebody was, and purging what has been kept for long enough.
extension RecordDatabase {
  public func erase(
    _ id: ConsultationID, by eraser: RecordReading, at now: WallClock
  ) async throws(RecordStoreError) -> Bool {
    let isNew = try await change(at: now) { db -> Bool in
      let row = try Row.fetchOne(
        db, sql: "SELECT number, endedAt, erasedAt FROM consultation WHERE id = ?",
        arguments: [id.rawValue])
      guard let row else { throw RecordStoreError.noSuchConsultation }
      guard row["endedAt"] != nil else { throw RecordStoreError.notEnded }
      guard row["erasedAt"] == nil else { return false }
      try Self.shred(row["number"], at: now, db)
      return true
    } saying: {
      [.erased(id, by: eraser, isNew: $0)]
    }
    if isNew { try await forgetLog() }
    return isNew
  }

  public func purge(
    _ category: Retention.Category, endedBefore limit: WallClock, isTrial: Bool, atMost: Int,
    at now: WallClock
  ) async throws(RecordStoreError) -> Purged {
    @Sendable func ids(_ db: Database) throws -> [(number: Int64, id: String)] {
      try Row.fetchAll(
        db,
        sql: """
          SELECT number, id FROM consultation
          WHERE endedAt < ? AND \(Self.condition(category)) ORDER BY id LIMIT ?
          """,
        arguments: [limit.milliseconds, atMost]
      ).map { ($0["number"], $0["id"]) }
    }
    @Sendable func purged(_ ids: [String]) -> Purged {
      var hash = SHA256()
      for id in ids { hash.update(data: Data((id + "\n").utf8)) }
      return Purged(
        category: category, before: limit, count: ids.count,
        digest: Data(hash.finalize()).base64EncodedString())
    }
    if isTrial {
      return purged(try await read { try ids($0).map(\.id) })
    }
    let done = try await change(at: now) { db in

      let found = try ids(db)
      for one in found {
        switch category {
        case .quality:
          try db.execute(
            sql: "DELETE FROM quality WHERE consultation = ?", arguments: [one.number])
        case .personal: try Self.shred(one.number, at: now, db)
        case .records: try Self.remove(one.number, one.id, at: now, db)
        }
      }
      return purged(found.map(\.id))
    } saying: {
      [.purged($0)]
    }
    if done.count > 0 { try await forgetLog() }
    return done
  }

  public func fileKey(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [UInt8]? {
    let keys = keys
    @Sendable func find(_ mayMake: Bool, _ db: Database) throws -> [UInt8]? {
      let number = try Int64.fetchOne(
        db, sql: "SELECT number FROM consultation WHERE id = ? AND erasedAt IS NULL",
        arguments: [consultation.rawValue])
      return try number.flatMap { try keys.fileKey(of: $0, mayMake: mayMake, db) }
    }
    if let known = try await read({ try find(false, $0) }) { return known }
    return try await write { try find(true, $0) }
  }

  // MARK: Within

  private static func condition(_ category: Retention.Category) -> String {
    switch category {
    case .quality:
      "EXISTS (SELECT 1 FROM quality WHERE quality.consultation = consultation.number)"
    case .personal: "erasedAt IS NULL"
    case .records: "TRUE"
    }
  }

  /// Without the key nothing that was sealed under it can be read, wherever a copy of it lies.
  private static func shred(_ number: Int64, at now: WallClock, _ db: Database) throws {
    try db.execute(
      sql: "DELETE FROM consultationKey WHERE consultation = ?", arguments: [number])
    try db.execute(
      sql: "UPDATE presence SET sealed = NULL WHERE consultation = ?", arguments: [number])
    // A file that was handed over is not handed out any more, and goes at the next start at the latest.
    try db.execute(
      sql: "UPDATE sharedFile SET keptUntil = NULL WHERE consultation = ?", arguments: [number])
    try db.execute(
      sql: "UPDATE consultation SET erasedAt = ? WHERE number = ?",
      arguments: [now.milliseconds, number])
  }

  /// All rows of a consultation, in whatever tables there are. Its id stays, so that it is not used again.
  private static func remove(
    _ number: Int64, _ id: String, at now: WallClock, _ db: Database
  ) throws {
    try db.execute(sql: "INSERT INTO purging (consultation) VALUES (?)", arguments: [number])
    for (table, column) in try referring(to: "presence", db) {
      try db.execute(
        sql: """
          DELETE FROM \(table) WHERE \(column) IN
          (SELECT number FROM presence WHERE consultation = ?)
          """,
        arguments: [number])
    }
    for (table, column) in try referring(to: "consultation", db) where table != "purging" {
      try db.execute(sql: "DELETE FROM \(table) WHERE \(column) = ?", arguments: [number])
    }
    try db.execute(sql: "DELETE FROM purging WHERE consultation = ?", arguments: [number])
    try db.execute(sql: "DELETE FROM consultation WHERE number = ?", arguments: [number])
    try db.execute(
      sql: "INSERT INTO purged (id, at) VALUES (?, ?)", arguments: [id, now.milliseconds])
  }

  private static func referring(
    to target: String, _ db: Database
  ) throws -> [(table: String, column: String)] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT m.name AS name, f."from" AS origin FROM sqlite_master AS m,
          pragma_foreign_key_list(m.name) AS f
        WHERE m.type = 'table' AND f."table" = ? ORDER BY m.name
        """,
      arguments: [target]
    ).map { ($0["name"], $0["origin"]) }
  }
}
