public import Consultation
internal import GRDB
internal import Glibc

/// The consultation records in one SQLite file: write-ahead log, every commit synchronised to the
/// disk before a call returns, readable after a `kill -9` at any moment. The file and its
/// companions are for their owner alone (0600).
public final class RecordDatabase: ConsultationRecordStore {
  private let pool: DatabasePool
  /// Whether what happens is also written into the outbox of webhooks.
  let tellsWebhooks: Bool
  let bell = WebhookBell()
  let keys: ConsultationKeys
  /// What changes have to tell the audit log; `nil`: there is none.
  let outbox: AuditOutbox?

  /// Opens or creates the file and brings its tables up to date. The folder must exist.
  /// - Parameters:
  ///   - key: wraps the keys of personal data; `nil`: one beside the file, made when it is missing.
  ///   - log: is told what changes; a change that it does not have is acknowledged to nobody.
  /// - Throws: `RecordStoreError.storage` with a sentence for the operator.
  public init(
    path: String, tellsWebhooks: Bool = false, key: RecordKey? = nil, log: AuditLog? = nil
  ) throws(RecordStoreError) {
    self.tellsWebhooks = tellsWebhooks
    outbox = log.map(AuditOutbox.init)
    try Self.createPrivately(path)
    let keys = ConsultationKeys(
      master: try storing { () throws -> RecordKey in try key ?? RecordKey(path: path + ".key") })
    self.keys = keys
    pool = try storing { () throws -> DatabasePool in
      var configuration = Configuration()
      configuration.label = "records"
      configuration.foreignKeysEnabled = true
      configuration.busyMode = .timeout(5)
      configuration.maximumReaderCount = 2
      configuration.prepareDatabase { db in
        try db.execute(sql: "PRAGMA trusted_schema = OFF")
        // What is deleted is written over.
        try db.execute(sql: "PRAGMA secure_delete = ON")
      }
      let pool = try DatabasePool(path: path, configuration: configuration)
      // After opening: GRDB sets NORMAL when it turns the write-ahead log on, and NORMAL does not
      // synchronise at each commit.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let migrations = RecordMigrations.all
      if try pool.read(migrations.hasBeenSuperseded) {
        throw RecordStoreError.storage("\(path) was written by a newer version of visavis")
      }
      try migrations.migrate(pool)
      try pool.read(keys.check)
      if try pool.write(keys.sealWhatIsPlain) {
        try pool.vacuum()
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      }
      return pool
    }
  }

  /// Empties the write-ahead log into the file. Calls after this fail.
  public func close() throws(RecordStoreError) {
    try storing { () throws -> Void in
      try pool.write { try outbox?.takeOut($0) }
      try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      try pool.close()
    }
  }

  /// The writer's `PRAGMA synchronous`: 2 is FULL.
  var synchronousLevel: Int? {
    get throws {
      try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    }
  }

  /// SQLite gives the log and the shared memory file the mode of the database file.
  private static func createPrivately(_ path: String) throws(RecordStoreError) {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .storage("\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { Glibc.close(descriptor) }
    guard fchmod(descriptor, 0o600) == 0 else {
      throw .storage("\(path) cannot be made private: \(String(cString: strerror(errno)))")
    }
  }

  // MARK: Writing

  public func open(_ consultation: ConsultationRecord) async throws(RecordStoreError) {
    try await change(at: consultation.createdAt) { [tellsWebhooks, keys] db in
      let exists = try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM consultation WHERE id = :id)
            OR EXISTS (SELECT 1 FROM purged WHERE id = :id)
          """,
        arguments: ["id": consultation.id.rawValue])
      if exists == true { throw RecordStoreError.exists }
      try db.execute(
        sql: """
          INSERT INTO consultation (id, kind, state, countsAsAct, createdAt, leastDelay, waitingRoom,
            notBefore, notAfter, organisation, service)
          VALUES (?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          consultation.id.rawValue, consultation.kind.rawValue, consultation.countsAsAct,
          consultation.createdAt.milliseconds, consultation.leastDelay,
          consultation.hasWaitingRoom, consultation.window.notBefore?.milliseconds,
          consultation.window.notAfter?.milliseconds, consultation.unit.organisation?.rawValue,
          consultation.unit.service?.rawValue,
        ])
      try RecordWrites.keep(consultation.consents, of: db.lastInsertedRowID, db)
      try RecordWrites(consultation.id, db, tells: tellsWebhooks, keys: keys).tell(
        "consultation.created", at: consultation.createdAt,
        [
          "kind": .string(consultation.kind.rawValue),
          "waitingRoom": .boolean(consultation.hasWaitingRoom),
        ])
    } saying: {
      [.created(consultation)]
    }
  }

  public func append(
    _ effects: [RoomEffect], to consultation: ConsultationID, at now: WallClock
  ) async throws(RecordStoreError) {
    let events = effects.compactMap { AuditEvent($0, of: consultation) }
    guard effects.contains(where: \.isKept) else {
      try await outbox?.tell(events, at: now)
      return
    }
    try await change(at: now) { [tellsWebhooks, keys] db in
      let writes = try RecordWrites(consultation, db, tells: tellsWebhooks, keys: keys)
      for effect in effects { try writes.apply(effect, at: now) }
    } saying: {
      events
    }
  }

  public func end(
    _ consultation: ConsultationID, reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) {
    _ = try await change(at: now) { [tellsWebhooks, keys] db in
      let writes = try RecordWrites(consultation, db, tells: tellsWebhooks, keys: keys)
      let closed = try RecordWrites.close(
        writes.number, reason: reason, at: now, db, tells: tellsWebhooks)
      try writes.apply(.ended(reason), at: now)
      return closed
    } saying: { closed in
      let events = [RoomEffect.ended(reason)].compactMap { AuditEvent($0, of: consultation) }
      return AuditEvent.closed(closed, reason: reason) + events
    }
  }

  @discardableResult
  public func closeWhatWasOpen(
    reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) -> Int {
    try await change(at: now) { [tellsWebhooks] db in
      try RecordWrites.close(nil, reason: reason, at: now, db, tells: tellsWebhooks)
    } saying: { closed in
      AuditEvent.closed(closed, reason: reason) + AuditEvent.recordsClosed(closed, reason: reason)
    }.presences.count
  }

  public func spendInvitation(
    _ jti: String, expires: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> Bool {
    try await change(at: now) { db in
      try db.execute(
        sql: "DELETE FROM spentInvitation WHERE expires <= ?", arguments: [now.milliseconds])
      try db.execute(
        sql: "INSERT OR IGNORE INTO spentInvitation (jti, expires) VALUES (?, ?)",
        arguments: [jti, expires.milliseconds])
      return db.changesCount == 1
    } saying: {
      [.spent(isFirst: $0)]
    }
  }

  public func keep(
    _ records: [QualityRecord], at now: WallClock
  ) async throws(RecordStoreError) {
    guard !records.isEmpty else { return }
    try await write { db in
      for record in records {
        try db.execute(
          sql: """
            INSERT OR REPLACE INTO quality (consultation, beganAt, keptAt, content)
            SELECT number, ?, ?, ? FROM consultation WHERE id = ?
            """,
          arguments: [
            record.beganAt.milliseconds, now.milliseconds, record.content,
            record.consultation.rawValue,
          ])
        guard record.mediaTime != .none else { continue }
        try db.execute(
          sql: """
            INSERT OR REPLACE INTO mediaTime (consultation, beganAt, media, video)
            SELECT number, ?, ?, ? FROM consultation WHERE id = ?
            """,
          arguments: [
            record.beganAt.milliseconds, record.mediaTime.media, record.mediaTime.video,
            record.consultation.rawValue,
          ])
      }
    }
  }

  // MARK: Reading

  public func files(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [FileRecord] {
    try await read { db in
      try Row.fetchAll(
        db, sql: FileRecord.query + "WHERE consultation.id = ? ORDER BY sharedFile.number",
        arguments: [consultation.rawValue]
      ).map { try FileRecord($0) }
    }
  }

  public func handedOver(after now: WallClock) async throws(RecordStoreError) -> [FileRecord] {
    try await read { db in
      try Row.fetchAll(
        db, sql: FileRecord.query + "WHERE sharedFile.keptUntil > ?",
        arguments: [now.milliseconds]
      ).map { try FileRecord($0) }
    }
  }

  public func quality(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [QualityRecord] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT quality.beganAt, quality.content FROM quality JOIN consultation
          ON consultation.number = quality.consultation
          WHERE consultation.id = ? ORDER BY quality.beganAt
          """,
        arguments: [consultation.rawValue]
      ).map {
        QualityRecord(
          consultation: consultation, beganAt: WallClock(milliseconds: $0["beganAt"]),
          content: $0["content"])
      }
    }
  }

  public func mediaTime(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> MediaTime {
    try await read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT total(media) AS media, total(video) AS video FROM mediaTime JOIN consultation
          ON consultation.number = mediaTime.consultation WHERE consultation.id = ?
          """,
        arguments: [consultation.rawValue])
      return MediaTime(row)
    }
  }

  public func consultation(
    _ id: ConsultationID
  ) async throws(RecordStoreError) -> ConsultationRecord? {
    try await read { db in
      let row = try Row.fetchOne(
        db, sql: "SELECT * FROM consultation WHERE id = ?", arguments: [id.rawValue])
      guard let row else { return nil }
      return try Self.records([row], db).first
    }
  }

  public func consultations(
    state: ConsultationState?, limit: Int
  ) async throws(RecordStoreError) -> [ConsultationRecord] {
    try await read { db in
      let rows =
        if let state {
          try Row.fetchAll(
            db,
            sql: """
              SELECT * FROM consultation WHERE state = ? ORDER BY createdAt DESC, number DESC LIMIT ?
              """,
            arguments: [state.rawValue, max(0, limit)])
        } else {
          try Row.fetchAll(
            db, sql: "SELECT * FROM consultation ORDER BY createdAt DESC, number DESC LIMIT ?",
            arguments: [max(0, limit)])
        }
      return try Self.records(rows, db)
    }
  }

  public func participants(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ParticipantRecord] {
    try await read { [keys] db in
      let number = try Int64.fetchOne(
        db, sql: "SELECT number FROM consultation WHERE id = ?",
        arguments: [consultation.rawValue])
      guard let consultation = number else { return [] }
      let open = try keys.opener(of: consultation, db)
      let passages = try db.makeStatement(
        sql: "SELECT * FROM passage WHERE presence = ? ORDER BY number")
      let checks = try db.makeStatement(
        sql: "SELECT * FROM connectionCheck WHERE presence = ? ORDER BY number")
      return try Row.fetchAll(
        db,
        sql: """
          SELECT * FROM presence WHERE consultation = ? ORDER BY number
          """,
        arguments: [consultation]
      ).map { row in
        let number: Int64 = row["number"]
        return try ParticipantRecord(
          row, open(row["sealed"], row["participant"]),
          passages: Row.fetchAll(passages, arguments: [number]).map(ParticipantRecord.Passage.init),
          checks: Row.fetchAll(checks, arguments: [number]).map(
            ParticipantRecord.CheckRecord.init))
      }
    }
  }

  public func consents(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ConsentRecord] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT consent.* FROM consent JOIN consultation
          ON consultation.number = consent.consultation
          WHERE consultation.id = ? ORDER BY consent.number
          """,
        arguments: [consultation.rawValue]
      ).map(ConsentRecord.init)
    }
  }

  private static func records(_ rows: [Row], _ db: Database) throws -> [ConsultationRecord] {
    let sittings = try db.makeStatement(
      sql: "SELECT * FROM sitting WHERE consultation = ? ORDER BY number")
    let bans = try db.makeStatement(sql: "SELECT bearer FROM ban WHERE consultation = ?")
    let texts = try db.makeStatement(
      sql: "SELECT * FROM consentText WHERE consultation = ? ORDER BY number")
    return try rows.map { row in
      let number: Int64 = row["number"]
      return try ConsultationRecord(
        row,
        sittings: Row.fetchAll(sittings, arguments: [number]).map(ConsultationRecord.Sitting.init),
        consents: ConsentText.texts(Row.fetchAll(texts, arguments: [number])),
        bans: Set(String.fetchAll(bans, arguments: [number]).map(BearerMark.init(rawValue:))))
    }
  }

  /// What was deleted is in the write-ahead log, too, until that is emptied into the file.
  func forgetLog() async throws(RecordStoreError) {
    do {
      _ = try await pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    } catch {
      throw RecordStoreError(error)
    }
  }

  // MARK: Errors

  func write<Value: Sendable>(
    _ body: @Sendable @escaping (Database) throws -> Value
  ) async throws(RecordStoreError) -> Value {
    defer { if tellsWebhooks { bell.ring() } }
    do { return try await pool.write(body) } catch { throw RecordStoreError(error) }
  }

  func read<Value: Sendable>(
    _ body: @Sendable @escaping (Database) throws -> Value
  ) async throws(RecordStoreError) -> Value {
    do { return try await pool.read(body) } catch { throw RecordStoreError(error) }
  }
}

private func storing<Value>(_ body: () throws -> Value) throws(RecordStoreError) -> Value {
  do { return try body() } catch { throw RecordStoreError(error) }
}

extension RecordStoreError {
  /// The text names no value of a record: GRDB leaves arguments out.
  fileprivate init(_ error: any Error) {
    self = error as? RecordStoreError ?? .storage(String(describing: error))
  }
}
