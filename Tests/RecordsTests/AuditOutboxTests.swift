import Consultation
import Foundation
import GRDB
import Testing

@testable import Records

/// What lies between the commit of a change and the synchronisation of the audit log.
@Suite("Audit outbox")
struct AuditOutboxTests {
  private let folder: TemporaryFolder
  private var database: String { folder.path("records.sqlite") }
  private var audit: AuditFolder { AuditFolder(path: folder.path("audit")) }

  init() throws { folder = try TemporaryFolder() }

  private func types() throws -> [String] {
    try String(contentsOfFile: audit.entries, encoding: .utf8).split(separator: "\n").compactMap {
      AuditExamination.text(of: "type", in: Array($0.utf8)[...])
    }
  }

  @Test("what a crash kept from the log is told by the next start, once, with its own time")
  func left() async throws {
    let store = try RecordDatabase(path: database, log: try AuditLog(audit))
    _ = try await opened("told", in: store)
    // As after a crash between the two: the transaction is there, its event is not in the log.
    try await store.write { db in
      try db.execute(
        sql: """
          INSERT INTO untold (at, type, session, participant, data) VALUES
            (7000, 'participant.joined', 'told', 'ann', '{"n":3,"role":"patient","to":["bob"],"x":true}')
          """)
    }
    #expect(try types() == ["room.created"])
    for round in 0..<3 {
      let log = try AuditLog(audit)
      let again = try RecordDatabase(path: database, log: log)
      #expect(try await again.tellWhatIsLeft() == (round == 0 ? 1 : 0))
    }
    let text = try String(contentsOfFile: audit.entries, encoding: .utf8)
    #expect(try types() == ["room.created", "participant.joined"])
    #expect(
      text.contains("\"at\":\"1970-01-01T00:00:07.000Z\",\"change\":2,\"data\":{\"n\":3,\"role\":")
        && text.contains("\"to\":[\"bob\"],\"x\":true}"))
    _ = try AuditExamination(audit)
  }

  @Test("what the log has is taken out with the next change, and all of it at the end")
  func takenOut() async throws {
    let store = try RecordDatabase(path: database, log: try AuditLog(audit))
    var room = try await opened("a", in: store)
    let count = {
      try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM untold") }
    }
    #expect(try await count() == 1)
    let ann = try participantID("ann")
    try await store.append(
      room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
    #expect(try await count() == 2)
    try store.close()
    let queue = try DatabaseQueue(path: database)
    #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM untold") } == 0)
    try queue.close()
  }

  @Test("what a full disk keeps from the log is told with the next change, in order and once")
  func held() async throws {
    let store = try RecordDatabase(path: database, log: try AuditLog(audit))
    var room = try await opened("a", in: store)
    let ann = try participantID("ann")
    let disk = try FullDisk(for: audit.entries)
    // The change itself is kept: who waits for it is not turned away.
    try await store.append(
      room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
    #expect(try types() == ["room.created"])
    #expect(try await store.participants(of: room.id).map(\.id) == [ann])
    // What is no change and only has to be told is refused.
    await #expect(throws: RecordStoreError.self) {
      try await store.append([.chargeOffered(by: ann)], to: room.id, at: moment(2))
    }
    disk.end()
    try await store.append(
      room.leave(ann, reason: .left), to: room.id, at: moment(3))
    let told = try types()
    let joined = try #require(told.firstIndex(of: "participant.joined"))
    let left = try #require(told.firstIndex(of: "participant.left"))
    #expect(joined < left)
    #expect(Set(told).count == told.count && !told.contains("charge.offered"))
    let text = try String(contentsOfFile: audit.entries, encoding: .utf8)
    #expect(text.contains("\"at\":\"1970-01-01T00:00:00.001Z\",\"change\":"))
    let again = try RecordDatabase(path: database, log: try AuditLog(audit))
    #expect(try await again.tellWhatIsLeft() == 0)
    #expect(try types() == told)
    _ = try AuditExamination(audit)
  }

  @Test("a backup put back uses no number again that the log or a receiver of webhooks has")
  func restored() async throws {
    let backup = folder.path("backup.sqlite")
    func start() throws -> RecordDatabase {
      try RecordDatabase(path: database, tellsWebhooks: true, log: try AuditLog(audit))
    }
    var store = try start()
    _ = try await opened("a", in: store)
    try store.close()
    try FileManager.default.copyItem(atPath: database, toPath: backup)
    store = try start()
    #expect(try await store.passNumbersOfTheLog(at: moment(1)) == 0)
    for id in ["b", "c"] { _ = try await opened(id, in: store) }
    #expect(try await store.webhooks()?.last == 3)
    try store.close()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: database + suffix)
    }
    try FileManager.default.copyItem(atPath: backup, toPath: database)

    store = try start()
    #expect(try await store.passNumbersOfTheLog(at: moment(2)) == 2)
    #expect(try await store.webhooks()?.last == 3)
    // As after a crash between database and log: it must not look told.
    try await store.write { db in
      try db.execute(
        sql: "INSERT INTO untold (at, type, session, data) VALUES (7000, 'room.created', 'd', '{}')"
      )
    }
    #expect(try await store.tellWhatIsLeft() == 1)
    _ = try await opened("e", in: store)
    #expect(try await store.webhooks()?.last == 4)
    let created = "room.created"
    #expect(try types() == [created, created, created, "records.restored", created, created])
    try store.close()
    let next = try start()
    #expect(try await next.passNumbersOfTheLog(at: moment(3)) == 0)
    try next.close()
  }

  @Test("who a crash cut off has left in the log of that consultation, too")
  func closed() async throws {
    let store = try RecordDatabase(path: database, log: try AuditLog(audit))
    var room = try await opened("a", in: store)
    let ann = try participantID("ann")
    try await store.append(
      room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
    let log = try AuditLog(audit)
    let again = try RecordDatabase(path: database, log: log)
    #expect(try await again.closeWhatWasOpen(reason: .serverCrash, at: moment(2)) == 1)
    try await again.end(room.id, reason: .ended, at: moment(3))
    let receipt = try await log.receipt(for: room.id)
    try receipt.verify(by: log.publicKey)
    let kinds = receipt.entries.compactMap {
      AuditExamination.text(of: "type", in: Array($0.entry.utf8)[...])
    }
    #expect(
      kinds == [
        "room.created", "sitting.began", "participant.joined", "participant.left", "sitting.ended",
        "room.closed",
      ])
  }
}
