import Consultation
import Foundation
import GRDB
import Testing

@testable import Records

@Suite("Erasing and purging", .serialized)
struct ErasureTests {
  static let name = "Zoé Canary-Dupont"
  static let professional = "canary-4711"

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.path("records.sqlite") }

  private let eraser = RecordReading(
    role: .backend, reader: BearerMark(rawValue: "mark"), consultation: nil, category: "personal",
    origin: nil, purpose: "HOPERAT")

  /// Somebody with a name came, agreed, and the consultation ended.
  @discardableResult
  private func story(
    _ name: String = "room", endingAt end: Int64 = 10, in store: some ConsultationRecordStore
  ) async throws -> ConsultationID {
    let record = ConsultationRecord(
      id: try consultationID(name), kind: .direct, createdAt: moment(0), hasWaitingRoom: true,
      consents: [.standard(.act)])
    try await store.open(record)
    var room = Room(record, participantLimit: 6)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    var effects = try room.join(
      bob, role: .physician, name: nil,
      claims: IdentityClaims(
        assurance: "eidas2", professional: Self.professional, identityStatus: nil), at: moment(1))
    effects += try room.join(
      ann, role: .patient, name: DisplayName(rawValue: Self.name), at: moment(1))
    effects += try room.admit(ann, by: bob)
    effects += try room.decide(
      ConsentQuestion(.act, of: ann, about: nil), isGiven: true, version: "standard-2",
      language: "fr")
    effects += try room.end(by: .physician)
    try await store.append(effects + [.shared(try file(name))], to: record.id, at: moment(end))
    try await store.note(
      try #require(Satisfaction(role: .patient, score: 5)), by: BearerMark(rawValue: "mark"),
      of: record.id, at: moment(end))
    try await store.keep(
      [QualityRecord(consultation: record.id, beganAt: moment(1), content: "{}")], at: moment(end))
    return record.id
  }

  /// Handed over, for longer than any test takes.
  private func file(_ name: String) throws -> SharedFile {
    SharedFile(
      id: try #require(FileID(rawValue: "f_\(name)")), owner: try participantID("ann"), type: .png,
      size: 9, sha256: "00", isAside: false, recipients: [try participantID("bob")],
      handover: .init(until: moment(1000), link: "https://visavis.test/"))
  }

  /// Whether one of the files of the database holds a text.
  private func holds(_ text: String) throws -> Bool {
    for file in [path, path + "-wal", path + "-shm"] {
      guard let bytes = FileManager.default.contents(atPath: file) else { continue }
      if bytes.range(of: Data(text.utf8)) != nil { return true }
    }
    return false
  }

  @Test("who somebody is reads back, and never stands on the disk as it is")
  func sealed() async throws {
    let store = try RecordDatabase(path: path)
    let id = try await story(in: store)
    let people = try await store.participants(of: id)
    #expect(people.map { $0.name?.rawValue } == [nil, Self.name])
    #expect(people.map(\.claims.professional) == [Self.professional, nil])
    #expect(try !holds(Self.name) && !holds(Self.professional))
    try store.close()
    #expect(try !holds(Self.name) && !holds(Self.professional))
    let attributes = try FileManager.default.attributesOfItem(atPath: path + ".key")
    #expect(attributes[.posixPermissions] as? NSNumber == 0o600)
  }

  @Test("with another key the server does not start, and says why")
  func otherKey() async throws {
    let store = try RecordDatabase(path: path, key: RecordKey(secret: "one secret, long enough"))
    try await story(in: store)
    try store.close()
    #expect(!FileManager.default.fileExists(atPath: path + ".key"))
    #expect {
      _ = try RecordDatabase(path: path, key: RecordKey(secret: "another secret, long too"))
    } throws: { error in
      guard case RecordStoreError.storage(let text) = error else { return false }
      return text.contains("another than the one")
    }
    let again = try RecordDatabase(path: path, key: RecordKey(secret: "one secret, long enough"))
    let id = try consultationID("room")
    #expect(try await again.participants(of: id).last?.name?.rawValue == Self.name)
  }

  @Test("a value that is moved to somebody else does not open")
  func moved() async throws {
    let store = try RecordDatabase(path: path)
    let id = try await story(in: store)
    try await store.write {
      try $0.execute(
        sql: "UPDATE presence SET sealed = (SELECT sealed FROM presence WHERE participant = 'ann')")
    }
    await #expect(throws: RecordStoreError.self) { try await store.participants(of: id) }
  }

  @Test("erased: nobody has a name any more, what happened stays, and it is erased once")
  func erased() async throws {
    let store = try RecordDatabase(path: path)
    let id = try await story(in: store)
    let fileKey = try #require(try await store.fileKey(of: id))
    #expect(try await store.fileKey(of: id) == fileKey && fileKey.count == 32)
    #expect(try await store.erase(id, by: eraser, at: moment(20)))
    #expect(try await store.fileKey(of: id) == nil)
    #expect(try await !store.erase(id, by: eraser, at: moment(30)))
    #expect(try await store.consultation(id)?.erasedAt == moment(20))
    let people = try await store.participants(of: id)
    #expect(people.allSatisfy { $0.name == nil && $0.claims.professional == nil })
    #expect(people.map(\.role) == [.physician, .patient])
    #expect(try await store.consents(of: id).count == 1)
    #expect(try await store.files(of: id).map(\.keptUntil) == [nil])
    #expect(try await store.handedOver(after: moment(20)).isEmpty)
    #expect(try await store.satisfactions(of: id).count == 1)
    let left = try await store.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM consultationKey") ?? -1
    }
    #expect(left == 0)
  }

  @Test("what has not ended is not erased, and what is not there neither")
  func refused() async throws {
    let store = try RecordDatabase(path: path)
    let id = try consultationID("open")
    try await store.open(ConsultationRecord(id: id, kind: .direct, createdAt: moment(0)))
    await #expect(throws: RecordStoreError.notEnded) {
      try await store.erase(id, by: eraser, at: moment(1))
    }
    await #expect(throws: RecordStoreError.noSuchConsultation) {
      try await store.erase(consultationID("none"), by: eraser, at: moment(1))
    }
  }

  @Test("a copy of the file from before says nobody's name once the key is erased everywhere")
  func shredded() async throws {
    let store = try RecordDatabase(path: path)
    let id = try await story(in: store)
    let sealed = try await store.read {
      try Data.fetchOne($0, sql: "SELECT sealed FROM presence WHERE participant = 'ann'")
    }
    _ = try await store.erase(id, by: eraser, at: moment(20))
    // What is left of an old copy, put back.
    try await store.write {
      try $0.execute(
        sql: "UPDATE presence SET sealed = ? WHERE participant = 'ann'", arguments: [sealed])
    }
    #expect(try await store.participants(of: id).allSatisfy { $0.name == nil })
  }

  @Test("what an earlier version wrote as it was is sealed at the start")
  func upgraded() async throws {
    let store = try RecordDatabase(path: path)
    let id = try await story(in: store)
    try await store.write {
      try $0.execute(
        sql: "UPDATE presence SET sealed = NULL, name = 'Old Canary' WHERE participant = 'ann'")
    }
    try store.close()
    #expect(try holds("Old Canary"))
    let again = try RecordDatabase(path: path)
    #expect(try await again.participants(of: id).last?.name?.rawValue == "Old Canary")
    try again.close()
    #expect(try !holds("Old Canary"))
  }

  @Test("a purge takes each category at its own age, and only what has ended")
  func purged() async throws {
    let store = try RecordDatabase(path: path)
    let old = try await story("old", endingAt: 10, in: store)
    let new = try await story("new", endingAt: 100, in: store)
    let open = try consultationID("open")
    try await store.open(ConsultationRecord(id: open, kind: .direct, createdAt: moment(0)))
    for category in Retention.Category.allCases {
      let trial = try await store.purge(
        category, endedBefore: moment(50), isTrial: true, atMost: .max, at: moment(200))
      #expect(trial.count == 1)
      // Of "old" and a line feed.
      #expect(trial.digest == "AdCdGcITmkauv7V3eA0SPXOW6XIBvH6tIQouv/gjne4=")
      let done = try await store.purge(
        category, endedBefore: moment(50), isTrial: false, atMost: 10, at: moment(200))
      #expect(done == trial)
      let again = try await store.purge(
        category, endedBefore: moment(50), isTrial: false, atMost: 10, at: moment(200))
      #expect(again.count == 0)
      #expect(try await store.quality(of: old).isEmpty)
      #expect(try await store.quality(of: new).count == 1)
    }
    #expect(try await store.consultation(old) == nil)
    #expect(try await store.participants(of: new).last?.name != nil)
    #expect(try await store.consultation(open) != nil)
    // An id is used once, also after nothing else is left of it.
    await #expect(throws: RecordStoreError.exists) { try await story("old", in: store) }
    let rows = try await store.read { db in
      try [
        "consent", "consentText", "passage", "presence", "sitting", "sharedFile", "satisfaction",
        "purging",
      ].map {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? -1
      }
    }
    #expect(rows == [1, 2, 2, 2, 1, 1, 1, 0])
  }

  @Test("no consent can be deleted but by a purge of what has ended")
  func consentsStay() async throws {
    let store = try RecordDatabase(path: path)
    try await story(in: store)
    let open = ConsultationRecord(
      id: try consultationID("open"), kind: .direct, createdAt: moment(0),
      consents: [.standard(.act)])
    try await store.open(open)
    for sql in [
      "DELETE FROM consent", "DELETE FROM consentText", "UPDATE consent SET decision = 'given'",
      "INSERT INTO purging SELECT number FROM consultation WHERE id = 'open'",
    ] {
      await #expect(throws: RecordStoreError.self, "\(sql)") {
        try await store.write { try $0.execute(sql: sql) }
      }
    }
  }

  @Test("the log says what was erased and purged, with counts and hashes, and still verifies")
  func audited() async throws {
    let log = try AuditLog(AuditFolder(path: folder.path("audit")))
    let store = try RecordDatabase(path: path, log: log)
    let id = try await story(in: store)
    _ = try await store.erase(id, by: eraser, at: moment(20))
    _ = try await store.purge(
      .records, endedBefore: moment(50), isTrial: true, atMost: 10, at: moment(60))
    let purged = try await store.purge(
      .records, endedBefore: moment(50), isTrial: false, atMost: 10, at: moment(60))
    try await log.checkpoint()
    let text = try String(contentsOfFile: folder.path("audit/entries.jsonl"), encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.contains("record.erased") } == 1)
    #expect(lines.count { $0.contains("records.purged") } == 1)
    #expect(text.contains("\"count\":1") && text.contains("\"sha256\":\"\(purged.digest)\""))
    #expect(!text.contains("Canary") && !text.contains(Self.professional))
    _ = try AuditExamination(AuditFolder(path: folder.path("audit")))
  }
}
