import Consultation
import Foundation
import GRDB
import Testing

@testable import Records

@Suite("Consents in the record", .serialized)
struct ConsentRecordTests {
  enum Kind: CaseIterable { case memory, database }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func store(_ kind: Kind) throws -> any ConsultationRecordStore {
    switch kind {
    case .memory: InMemoryRecordStore()
    case .database: try RecordDatabase(path: folder.path("records.sqlite"))
    }
  }

  private func own() throws -> ConsentText {
    let wordings = [
      ConsentText.Wording(language: "fr", text: "Oui, j’accepte.\nVraiment."),
      ConsentText.Wording(language: "en", text: "Yes, I agree."),
    ].compactMap(\.self)
    return try #require(ConsentText(.act, version: "hospital-3", wordings: wordings))
  }

  /// A patient who agrees, withdraws and agrees again, and refuses a relative.
  private func story(in store: some ConsultationRecordStore) async throws -> ConsultationRecord {
    let record = ConsultationRecord(
      id: try consultationID("room"), kind: .direct, createdAt: moment(0),
      consents: [try own(), .standard(.thirdParticipant)],
      window: try #require(AppointmentWindow(notBefore: moment(1), notAfter: moment(9))))
    try await store.open(record)
    var room = Room(record, participantLimit: 6)
    let (ann, eve) = (try participantID("ann"), try participantID("eve"))
    let act = ConsentQuestion(.act, of: ann, about: nil)
    let third = ConsentQuestion(.thirdParticipant, of: ann, about: eve)
    var effects = try room.join(ann, role: .patient, name: nil, at: moment(1))
    effects += try room.join(eve, role: .relative, name: nil, at: moment(1))
    try await store.append(effects, to: room.id, at: moment(1))
    for (time, isGiven) in [(2, true), (3, false), (4, true)] {
      try await store.append(
        room.decide(act, isGiven: isGiven, version: "hospital-3", language: "fr"), to: room.id,
        at: moment(Int64(time)))
    }
    try await store.append(
      room.decide(third, isGiven: false, version: "standard-1", language: "en"), to: room.id,
      at: moment(5))
    return record
  }

  @Test(
    "every decision is kept, with whom it is about and the words it was made on",
    arguments: Kind.allCases)
  func kept(kind: Kind) async throws {
    let store = try store(kind)
    let record = try await story(in: store)
    #expect(try await store.consultation(record.id)?.consents == record.consents)
    #expect(try await store.consultation(record.id)?.window == record.window)
    #expect(try await store.consultations(state: nil, limit: 9).first?.consents == record.consents)
    let kept = try await store.consents(of: record.id)
    #expect(kept.map(\.entry.decision) == [.given, .withdrawn, .given, .refused])
    #expect(kept.map(\.entry.question.purpose) == [.act, .act, .act, .thirdParticipant])
    #expect(kept.map(\.entry.version).last == "standard-1")
    #expect(kept.map(\.entry.language) == ["fr", "fr", "fr", "en"])
    #expect(kept.last?.entry.question.about == (try participantID("eve")))
    #expect(kept.map(\.at) == [2, 3, 4, 5].map(moment))
    #expect(try await store.consents(of: consultationID("other")).isEmpty)
  }

  @Test("nothing of it can be changed or taken away, and it is there after the next start")
  func appendOnly() async throws {
    let path = folder.path("records.sqlite")
    let database = try RecordDatabase(path: path)
    let record = try await story(in: database)
    let before = try await database.consents(of: record.id)
    try database.close()
    let direct = try DatabaseQueue(path: path)
    for sql in [
      "UPDATE consent SET decision = 'given'", "DELETE FROM consent",
      "UPDATE consentText SET content = 'x'", "DELETE FROM consentText",
    ] {
      await #expect(throws: DatabaseError.self, "\(sql)") {
        try await direct.write { try $0.execute(sql: sql) }
      }
    }
    try direct.close()
    let again = try RecordDatabase(path: path)
    #expect(try await again.consents(of: record.id) == before)
    #expect(try await again.consultation(record.id)?.consents == record.consents)
  }

  @Test("the audit log has each decision, and the hash of the words")
  func audited() async throws {
    let effects: [(ConsentDecision, String)] = [
      (.given, "consent.given"), (.refused, "consent.refused"), (.withdrawn, "consent.withdrawn"),
    ]
    let room = try consultationID("room")
    for (decision, type) in effects {
      let question = ConsentQuestion(
        .thirdParticipant, of: try participantID("ann"), about: try participantID("eve"))
      let event = try #require(
        AuditEvent(
          .consented(ConsentEntry(question, decision, version: "v-1", language: "fr")), of: room))
      #expect(event.kind.rawValue == type)
      #expect(event.participant == question.participant)
      #expect(
        event.details == [
          "purpose": .string("third-participant"), "version": .string("v-1"),
          "language": .string("fr"), "about": .string("eve"),
        ])
    }
    let wording = try #require(ConsentText.Wording(language: "en", text: "abc"))
    let text = try #require(ConsentText(.act, version: "1", wordings: [wording]))
    // FIPS 180-4: SHA-256("abc").
    #expect(
      CanonicalJSON(text)
        == .object([
          "purpose": .string("act"), "version": .string("1"),
          "sha256": .object(["en": .string("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")]),
        ]))
  }
}
