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

  @Test("media time is kept of each stay, added up, and outlives a purge of the scores")
  func mediaTime() async throws {
    let folder = try TemporaryFolder()
    let store = try RecordDatabase(path: folder.path("records.sqlite"))
    let room = try await opened("room", in: store)
    func stay(_ began: Int64, _ media: Int, _ video: Int) -> QualityRecord {
      QualityRecord(
        consultation: room.id, beganAt: moment(began), content: "{}",
        mediaTime: MediaTime(media: media, video: video))
    }
    try await store.keep([stay(1, 10, 0)], at: moment(2))
    // The same stay, later.
    try await store.keep([stay(1, 40, 20)], at: moment(3))
    try await store.keep([stay(9, 30, 5)], at: moment(10))
    #expect(try await store.mediaTime(of: room.id) == MediaTime(media: 70, video: 25))
    let found = try await store.indicators(
      from: moment(0), to: moment(100), by: .kind, ActRule(seconds: 70), at: moment(100))
    #expect(found.map(\.group) == [nil, "direct"])
    #expect(found.allSatisfy { $0.completed == 1 && $0.completedWithVideo == 0 })
    try await store.end(room.id, reason: .ended, at: moment(20))
    _ = try await store.purge(
      .quality, endedBefore: moment(50), isTrial: false, atMost: 9, at: moment(60))
    #expect(try await store.quality(of: room.id).isEmpty)
    #expect(try await store.mediaTime(of: room.id) == MediaTime(media: 70, video: 25))
  }

  @Test("indicators are by kind, organisation or service; who named none is a group, too")
  func groups() async throws {
    let folder = try TemporaryFolder()
    let store = try RecordDatabase(path: folder.path("records.sqlite"))
    for (name, organisation, service) in [
      ("a", "one", "derm"), ("b", "one", nil), ("c", "two", "derm"), ("bench-d", "two", "derm"),
    ] {
      try await store.open(
        ConsultationRecord(
          id: try consultationID(name), kind: .direct, createdAt: moment(5),
          unit: .init(
            organisation: ConsultationID(rawValue: organisation),
            service: service.flatMap(ConsultationID.init(rawValue:)))))
    }
    func booked(_ grouping: Indicators.Grouping) async throws -> [String: Int] {
      let found = try await store.indicators(
        from: moment(0), to: moment(10), by: grouping, ActRule(), at: moment(10))
      return Dictionary(uniqueKeysWithValues: found.map { ($0.group ?? "all", $0.booked) })
    }
    #expect(try await booked(.kind) == ["all": 3, "direct": 3])
    #expect(try await booked(.organisation) == ["all": 3, "one": 2, "two": 1])
    #expect(try await booked(.service) == ["all": 3, "derm": 2, "": 1])
    for (name, bearer, score) in [("a", "one", 2), ("a", "two", 4), ("c", "one", 5)] {
      try await store.note(
        try #require(Satisfaction(role: .patient, score: score)),
        by: BearerMark(rawValue: bearer), of: consultationID(name), at: moment(8))
    }
    let content = try await store.indicators(
      from: moment(0), to: moment(10), by: .service, ActRule(), at: moment(10))
    #expect(content.map(\.group) == [nil, "", "derm"])
    #expect(content.map { $0.satisfaction.sorted() } == [[2, 4, 5], [], [2, 4, 5]])
    let unit = try await store.consultation(consultationID("a"))?.unit
    #expect(unit?.organisation?.rawValue == "one" && unit?.service?.rawValue == "derm")
  }
}
