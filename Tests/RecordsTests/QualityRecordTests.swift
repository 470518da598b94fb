import Consultation
import Records
import Testing

struct QualityRecordTests {
  @Test("The newest quality of each stay is kept and survives the store being opened again")
  func kept() async throws {
    let folder = try TemporaryFolder()
    let id = try consultationID("one")
    do {
      let store = try RecordDatabase(path: folder.path("records.sqlite"))
      _ = try await opened("one", in: store)
      let stranger = try consultationID("stranger")
      try await store.keep(
        [
          QualityRecord(consultation: id, beganAt: moment(10), content: "{\"a\":1}"),
          QualityRecord(consultation: stranger, beganAt: moment(10), content: "{}"),
        ], at: moment(20))
      try await store.keep(
        [
          QualityRecord(consultation: id, beganAt: moment(10), content: "{\"a\":2}"),
          QualityRecord(consultation: id, beganAt: moment(90), content: "{\"a\":3}"),
        ], at: moment(100))
    }
    let again = try RecordDatabase(path: folder.path("records.sqlite"))
    let records = try await again.quality(of: id)
    #expect(records.map(\.content) == ["{\"a\":2}", "{\"a\":3}"])
    #expect(try await again.quality(of: try consultationID("stranger")).isEmpty)
  }
}
