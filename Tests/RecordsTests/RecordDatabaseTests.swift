import Consultation
import Foundation
import GRDB
@testable import Records
import Testing

@Suite("The record database")
struct RecordDatabaseTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("records.sqlite")
  }

  @Test("is for its owner alone, with its log and shared memory, also where it was not")
  func modes() async throws {
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let database = try RecordDatabase(path: path)
    _ = try await opened("room", in: database)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(
      Set(files) == [
        "records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "records.sqlite.key",
      ])
    for file in files {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(file))
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
    }
  }

  @Test("synchronises every commit with the disk")
  func synchronous() throws {
    let database = try RecordDatabase(path: path)
    #expect(try database.synchronousLevel == 2)
    let again = try RecordDatabase(path: path)
    #expect(try again.synchronousLevel == 2)
  }

  @Test("finds everything again after closing and opening")
  func reopens() async throws {
    let database = try RecordDatabase(path: path)
    var room = try await opened("room", in: database)
    try await database.append(
      room.join(participantID("ann"), role: .patient, name: nil, at: moment(1)), to: room.id,
      at: moment(1))
    let before = try await database.consultation(room.id)
    try database.close()
    let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
    #expect(log == 0)
    await #expect(throws: RecordStoreError.self) { try await database.consultation(room.id) }
    let again = try RecordDatabase(path: path)
    #expect(try await again.consultation(room.id) == before)
    #expect(try await again.participants(of: room.id).count == 1)
  }

  @Test("keeps what a token said of the person, and who may not come again")
  func claimsAndBans() async throws {
    let database = try RecordDatabase(path: path)
    var room = try await opened("room", in: database)
    let ann = try participantID("ann")
    let claims = IdentityClaims(
      assurance: "eidas2", professional: "p-81", identityStatus: "qualified")
    let mark = BearerMark(rawValue: "mark")
    try await database.append(
      room.join(ann, role: .physician, name: nil, claims: claims, bearer: mark, at: moment(1)),
      to: room.id, at: moment(1))
    try await database.append(
      room.remove(ann, Removal(by: .backend, banned: mark)), to: room.id, at: moment(2))
    try database.close()
    let again = try RecordDatabase(path: path)
    #expect(try await again.participants(of: room.id).map(\.claims) == [claims])
    #expect(try await again.consultation(room.id)?.bans == [mark])
  }

  @Test("a change that is refused half way leaves nothing behind")
  func allOrNothing() async throws {
    let database = try RecordDatabase(path: path)
    var room = try await opened("room", in: database)
    let effects = try room.join(participantID("ann"), role: .patient, name: nil, at: moment(1))
    await #expect(throws: RecordStoreError.self) {
      try await database.append(effects + effects, to: room.id, at: moment(1))
    }
    #expect(try await database.participants(of: room.id).isEmpty)
    #expect(try await database.consultation(room.id)?.sittings == [])
  }

  @Test("says plainly what is wrong with a file that it cannot use")
  func unusable() async throws {
    let garbage = folder.path("garbage")
    try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: garbage))
    #expect {
      _ = try RecordDatabase(path: garbage)
    } throws: {
      "\($0)".contains("not a database")
    }
    #expect {
      _ = try RecordDatabase(path: folder.path("no/such/folder"))
    } throws: {
      "\($0)".contains("No such file")
    }
  }

  @Test("refuses a file of a newer version instead of guessing")
  func newer() async throws {
    try RecordDatabase(path: path).close()
    let queue = try DatabaseQueue(path: path)
    try await queue.write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 from the future')")
    }
    try queue.close()
    #expect {
      _ = try RecordDatabase(path: path)
    } throws: {
      "\($0)".contains("newer version")
    }
  }

  @Test("an error names no one")
  func errorsAreSilentAboutPeople() async throws {
    let database = try RecordDatabase(path: path)
    var room = try await opened("room", in: database)
    let effects = try room.join(
      participantID("canary-id"), role: .patient, name: DisplayName(rawValue: "Canary Name"),
      at: moment(1))
    do {
      try await database.append(effects + effects, to: room.id, at: moment(1))
      Issue.record("a second open presence was stored")
    } catch {
      #expect(!"\(error)".lowercased().contains("canary"))
    }
  }

  @Test("a hundred consultations end at the same time without an error")
  func concurrent() async throws {
    let database = try RecordDatabase(path: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          var room = try await opened("room-\(number)", in: database)
          try await database.append(
            room.join(participantID("ann"), role: .patient, name: nil, at: moment(1)),
            to: room.id, at: moment(1))
          try await database.append(room.end(by: .backend), to: room.id, at: moment(2))
        }
      }
      try await group.waitForAll()
    }
    #expect(try await database.consultations(state: .ended, limit: 1000).count == 100)
  }
}
