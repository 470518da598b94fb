public import Consultation
internal import Foundation
internal import GRDB
internal import Synchronization

/// What the audit log has to be told of changes of the records. An event is kept in the transaction of the change
/// that it tells, and taken out when the log has it on the disk: whenever the process dies between the
/// two, the next start finds the event here and tells it, once.
final class AuditOutbox: Sendable {
  let log: AuditLog
  /// Numbers of events that the log has; their rows go with the next change.
  private let told = Mutex<[Int64]>([])
  /// Events of changes that the log could not take.
  private let held = Mutex<[(events: [AuditEvent], at: WallClock)]>([])

  init(log: AuditLog) { self.log = log }

  /// Within the transaction of a change.
  /// - Returns: the events with their numbers.
  func keep(_ events: [AuditEvent], at now: WallClock, _ db: Database) throws -> [AuditEvent] {
    guard !events.isEmpty else { return [] }
    let insertion = try db.cachedStatement(
      sql: "INSERT INTO untold (at, type, session, participant, data) VALUES (?, ?, ?, ?, ?)")
    return try events.map { event in
      try insertion.execute(arguments: [
        now.milliseconds, event.kind.rawValue, event.session?.rawValue,
        event.participant?.rawValue,
        String(decoding: CanonicalJSON.object(event.details).bytes, as: UTF8.self),
      ])
      var numbered = event
      numbered.change = db.lastInsertedRowID
      return numbered
    }
  }

  /// - Throws: when it is not in the log.
  func tell(_ events: [AuditEvent], at now: WallClock) async throws(RecordStoreError) {
    do {
      try await tellHeld()
      try await log.append(events, at: now)
    } catch { throw .storage("\(error)") }
    told.withLock { $0 += events.compactMap(\.change) }
  }

  /// Of a change that is kept: a log that cannot take it now is told with the next one, or by the next start.
  func tellKept(_ events: [AuditEvent], at now: WallClock) async {
    guard !events.isEmpty else { return }
    do throws(RecordStoreError) { try await tell(events, at: now) } catch {
      held.withLock { $0.append((events, now)) }
    }
  }

  private func tellHeld() async throws(AuditError) {
    let waiting = held.withLock { held in
      defer { held = [] }
      return held
    }
    for (place, one) in waiting.enumerated() {
      do throws(AuditError) { try await log.append(one.events, at: one.at) } catch {
        held.withLock { $0.insert(contentsOf: waiting[place...], at: 0) }
        throw error
      }
      told.withLock { $0 += one.events.compactMap(\.change) }
    }
  }

  /// Takes out what the log has. When that is rolled back, a later start finds it in the log.
  func takeOut(_ db: Database) throws {
    let numbers = told.withLock { told in
      defer { told = [] }
      return told
    }
    guard !numbers.isEmpty else { return }
    let deletion = try db.cachedStatement(sql: "DELETE FROM untold WHERE number = ?")
    for number in numbers { try deletion.execute(arguments: [number]) }
  }

  /// What an earlier process kept and did not take out, oldest first.
  static func left(_ db: Database) throws -> [(event: AuditEvent, at: WallClock)] {
    try Row.fetchAll(db, sql: "SELECT * FROM untold ORDER BY number").map { row in
      let text: String = row["data"]
      var event = AuditEvent(
        AuditEvent.Kind(rawValue: row["type"]),
        details: try JSONDecoder().decode([String: CanonicalJSON].self, from: Data(text.utf8)))
      if row["session"] != nil { event.session = try row.value("session") }
      if row["participant"] != nil { event.participant = try row.value("participant") }
      event.change = row["number"]
      return (event, row.moment("at"))
    }
  }
}

extension RecordDatabase {
  /// A change, and what the audit log is told of it: both are on the disk when this returns.
  func change<Value: Sendable>(
    at now: WallClock, _ body: @Sendable @escaping (Database) throws -> Value,
    saying events: @Sendable @escaping (Value) -> [AuditEvent]
  ) async throws(RecordStoreError) -> Value {
    guard let outbox else { return try await write(body) }
    let (value, told) = try await write { db in
      let value = try body(db)
      try outbox.takeOut(db)
      return (value, try outbox.keep(events(value), at: now, db))
    }
    await outbox.tellKept(told, at: now)
    return value
  }

  /// At the start, before anything else is written: a file that is older than the log, as one from a backup,
  /// must not use again the numbers that the log has. A crash would then keep an entry from it that looks told, and
  /// whoever takes webhooks would see other events under numbers that they have.
  ///
  /// - Returns: how many changes the log has that the file does not.
  public func passNumbersOfTheLog(at now: WallClock) async throws(RecordStoreError) -> Int64 {
    guard let outbox else { return 0 }
    let highest = outbox.log.highestChange
    let lost = try await write { db -> Int64 in
      let last = try Self.lastNumber(of: "untold", db)
      guard highest > last else { return 0 }
      try Self.setLastNumber(of: "untold", to: highest, db)
      // No change told more webhooks than entries.
      let sent = try Self.lastNumber(of: "webhook", db)
      try Self.setLastNumber(of: "webhook", to: sent + highest - last, db)
      return highest - last
    }
    guard lost > 0 else { return 0 }
    let details: [String: CanonicalJSON] = ["changes": .integer(lost)]
    try await outbox.tell([AuditEvent(.recordsRestored, details: details)], at: now)
    return lost
  }

  static func lastNumber(of table: String, _ db: Database) throws -> Int64 {
    try Int64.fetchOne(
      db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table]) ?? 0
  }

  private static func setLastNumber(of table: String, to number: Int64, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE sqlite_sequence SET seq = ? WHERE name = ?", arguments: [number, table])
    guard db.changesCount == 0 else { return }
    try db.execute(
      sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, number])
  }

  /// At the start, before anything else is written: tells the audit log what a crash kept from it.
  /// - Returns: how many entries that were.
  @discardableResult
  public func tellWhatIsLeft() async throws(RecordStoreError) -> Int {
    guard let outbox else { return 0 }
    let left = try await read { try AuditOutbox.left($0) }
    guard let oldest = left.first?.event.change else { return 0 }
    let known: Set<Int64>
    do { known = try await outbox.log.changes(from: oldest) } catch { throw .storage("\(error)") }
    var count = 0
    for (event, moment) in left where !known.contains(event.change ?? 0) {
      try await outbox.tell([event], at: moment)
      count += 1
    }
    try await write { try $0.execute(sql: "DELETE FROM untold") }
    return count
  }
}
