import Consultation
import Foundation
import Records
import Testing

/// What every store promises, asked of the durable one and of the model.
@Suite("A record store", .serialized)
struct RecordStoreTests {
  enum Kind: CaseIterable { case memory, database }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func store(_ kind: Kind) throws -> any ConsultationRecordStore {
    switch kind {
    case .memory: InMemoryRecordStore()
    case .database: try RecordDatabase(path: folder.path("records.sqlite"))
    }
  }

  @Test("keeps who was there, when, and why each left", arguments: Kind.allCases)
  func story(kind: Kind) async throws {
    let store = try store(kind)
    var room = try await opened("room", at: 5, in: store)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    let name = DisplayName(rawValue: "Ann Übel")
    try await store.append(
      room.join(ann, role: .patient, name: name, at: moment(10)), to: room.id, at: moment(10))
    try await store.append(
      room.join(bob, role: .physician, name: nil, at: moment(20)), to: room.id, at: moment(20))
    #expect(try await store.consultation(room.id)?.state == .active)
    try await store.append(room.leave(ann, reason: .left), to: room.id, at: moment(30))
    try await store.append(
      room.join(ann, role: .patient, name: name, at: moment(40)), to: room.id, at: moment(40))
    try await store.append(room.end(by: .physician), to: room.id, at: moment(50))

    let record = try #require(try await store.consultation(room.id))
    #expect(record.createdAt == moment(5))
    #expect(record.state == .ended && record.countsAsAct)
    #expect(record.end == .init(at: moment(50), reason: .ended))
    #expect(
      record.sittings == [
        .init(beganAt: moment(10), end: .init(at: moment(50), reason: .ended))
      ])
    let ended = ConsultationRecord.Ending(at: moment(50), reason: .ended)
    #expect(
      try await store.participants(of: room.id) == [
        .init(
          id: ann, role: .patient, name: name, joinedAt: moment(10),
          end: .init(at: moment(30), reason: .left)),
        .init(id: bob, role: .physician, name: nil, joinedAt: moment(20), end: ended),
        .init(id: ann, role: .patient, name: name, joinedAt: moment(40), end: ended),
      ])
  }

  @Test("keeps how device and path of who waits were found, whole", arguments: Kind.allCases)
  func checks(kind: Kind) async throws {
    let store = try store(kind)
    let record = ConsultationRecord(
      id: try consultationID("room"), kind: .direct, createdAt: moment(0), hasWaitingRoom: true)
    try await store.open(record)
    var room = Room(record, participantLimit: 6)
    let ann = try participantID("ann")
    try await store.append(
      room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
    let bare = ConnectionCheck(
      camera: .missing, microphone: .off, tried: [.udp, .relay], reached: [], figures: nil)
    let whole = ConnectionCheck(
      camera: .works, microphone: .silent, tried: [.udp, .tcp], reached: [.tcp],
      figures: .init(
        up: .init(rate: 1_234_567, loss: 12), down: .init(rate: 89, loss: 1000), roundTrip: nil,
        sound: 412, seconds: 8))
    try await store.append(room.note(bare, of: ann), to: room.id, at: moment(2))
    try await store.append(room.note(whole, of: ann), to: room.id, at: moment(3))
    let kept = try await store.participants(of: room.id)[0].checks
    #expect(kept == [.init(bare, at: moment(2)), .init(whole, at: moment(3))])
  }

  @Test("keeps who waited, who let in and who put back", arguments: Kind.allCases)
  func waitingRoom(kind: Kind) async throws {
    let store = try store(kind)
    let record = ConsultationRecord(
      id: try consultationID("room"), kind: .direct, createdAt: moment(0), hasWaitingRoom: true)
    try await store.open(record)
    #expect(try await store.consultation(record.id)?.hasWaitingRoom == true)
    var room = Room(record, participantLimit: 6)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    try await store.append(
      room.join(ann, role: .patient, name: nil, at: moment(10)), to: room.id, at: moment(10))
    try await store.append(
      room.join(bob, role: .physician, name: nil, at: moment(20)), to: room.id, at: moment(20))
    try await store.append(room.admit(ann, by: bob), to: room.id, at: moment(30))
    try await store.append(room.hold(ann, by: bob), to: room.id, at: moment(40))
    try await store.append(room.leave(ann, reason: .left), to: room.id, at: moment(50))
    let people = try await store.participants(of: room.id)
    #expect(
      people[0].passages == [
        .init(.waiting, at: moment(10), by: nil), .init(.admitted, at: moment(30), by: bob),
        .init(.held, at: moment(40), by: bob),
      ])
    #expect(people[0].end?.reason == .left)
    #expect(people[1].passages.isEmpty)
  }

  @Test("refuses an id twice, an unknown one, and one that has ended", arguments: Kind.allCases)
  func refusals(kind: Kind) async throws {
    let store = try store(kind)
    let room = try await opened("room", in: store)
    await #expect(throws: RecordStoreError.exists) { _ = try await opened("room", in: store) }
    let unknown = try consultationID("unknown")
    await #expect(throws: RecordStoreError.noSuchConsultation) {
      try await store.append([.sittingBegan], to: unknown, at: moment(1))
    }
    await #expect(throws: RecordStoreError.noSuchConsultation) {
      try await store.end(unknown, reason: .ended, at: moment(1))
    }
    try await store.end(room.id, reason: .ended, at: moment(7))
    #expect(
      try await store.consultation(room.id)?.end == .init(at: moment(7), reason: .ended))
    await #expect(throws: RecordStoreError.ended) {
      try await store.append([.sittingBegan], to: room.id, at: moment(8))
    }
    await #expect(throws: RecordStoreError.ended) {
      try await store.end(room.id, reason: .ended, at: moment(8))
    }
    await #expect(throws: RecordStoreError.exists) { _ = try await opened("room", in: store) }
    #expect(try await store.consultation(unknown) == nil)
    #expect(try await store.participants(of: unknown).isEmpty)
  }

  @Test("lists the newest first, by state, within the limit", arguments: Kind.allCases)
  func lists(kind: Kind) async throws {
    let store = try store(kind)
    for number in 1...5 { _ = try await opened("room-\(number)", at: Int64(number), in: store) }
    _ = try await opened("bench-1", at: 6, in: store)
    try await store.end(try consultationID("room-2"), reason: .ended, at: moment(9))
    let all = try await store.consultations(state: nil, limit: 100)
    #expect(
      all.map(\.id.rawValue) == ["bench-1", "room-5", "room-4", "room-3", "room-2", "room-1"])
    #expect(all.map(\.countsAsAct) == [false, true, true, true, true, true])
    #expect(
      try await store.consultations(state: .open, limit: 3).map(\.id.rawValue)
        == ["bench-1", "room-5", "room-4"])
    #expect(
      try await store.consultations(state: .ended, limit: 3).map(\.id.rawValue) == ["room-2"])
    #expect(try await store.consultations(state: nil, limit: 0).isEmpty)
    #expect(try await store.consultations(state: nil, limit: -1).isEmpty)
  }

  @Test(
    "closes at start what a crash left open, and lets people in again", arguments: Kind.allCases)
  func closes(kind: Kind) async throws {
    let store = try store(kind)
    var room = try await opened("room", in: store)
    _ = try await opened("waiting", in: store)
    try await store.append(
      room.join(participantID("ann"), role: .patient, name: nil, at: moment(1)), to: room.id,
      at: moment(1))
    try await store.append(
      room.join(participantID("bob"), role: .physician, name: nil, at: moment(2)), to: room.id,
      at: moment(2))

    #expect(try await store.closeWhatWasOpen(reason: .serverCrash, at: moment(99)) == 2)
    #expect(try await store.closeWhatWasOpen(reason: .serverCrash, at: moment(100)) == 0)

    let crash = ConsultationRecord.Ending(at: moment(99), reason: .serverCrash)
    #expect(try await store.participants(of: room.id).map(\.end) == [crash, crash])
    let record = try #require(try await store.consultation(room.id))
    #expect(record.state == .open && record.end == nil)
    #expect(record.sittings == [.init(beganAt: moment(1), end: crash)])
    #expect(try await store.consultation(consultationID("waiting"))?.sittings == [])

    var again = Room(record, participantLimit: 6)
    try await store.append(
      again.join(participantID("ann"), role: .patient, name: nil, at: moment(101)), to: room.id,
      at: moment(101))
    #expect(try await store.consultation(room.id)?.sittings.count == 2)
  }

  @Test(
    "lets an invitation be spent once, by one of many at the same time", arguments: Kind.allCases)
  func invitations(kind: Kind) async throws {
    let store = try store(kind)
    let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await store.spendInvitation("jti-1", expires: moment(1000), at: moment(1))
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(winners == 1)
    #expect(try await store.spendInvitation("jti-2", expires: moment(1000), at: moment(2)))
    #expect(try await !store.spendInvitation("jti-2", expires: moment(1000), at: moment(999)))
  }

  @Test(
    "the database tells of any history what the model tells", arguments: 0..<12 as Range<UInt64>)
  func agreesWithModel(seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    let model = InMemoryRecordStore()
    let database = try RecordDatabase(path: folder.path("records.sqlite"))
    var rooms = [try await opened("a", in: model), try await opened("b", in: model)]
    _ = (try await opened("a", in: database), try await opened("b", in: database))
    let people = try ["ann", "bob", "eve"].map(participantID)
    for step in 1...60 {
      let at = Int.random(in: 0...1, using: &random)
      let who = people[Int.random(in: 0..<3, using: &random)]
      let now = moment(Int64(step))
      var effects: [RoomEffect] = []
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<10:
        effects = (try? rooms[at].join(who, role: .patient, name: nil, at: now)) ?? []
      case 10..<15: effects = (try? rooms[at].leave(who, reason: .connectionLost)) ?? []
      case 15: effects = (try? rooms[at].suspend(who)) ?? []
      case 16: effects = rooms[at].dismiss(.serverShutdown)
      case 17:
        _ = rooms[0].dismiss(.serverCrash)
        _ = rooms[1].dismiss(.serverCrash)
        let closed = await model.closeWhatWasOpen(reason: .serverCrash, at: now)
        #expect(try await database.closeWhatWasOpen(reason: .serverCrash, at: now) == closed)
      case 18 where step > 40: effects = (try? rooms[at].end(by: .backend)) ?? []
      default: break
      }
      if !effects.isEmpty {
        try await model.append(effects, to: rooms[at].id, at: now)
        try await database.append(effects, to: rooms[at].id, at: now)
      }
    }
    for room in rooms {
      #expect(
        try await database.consultation(room.id) == model.consultation(room.id), "seed \(seed)")
      #expect(
        try await database.participants(of: room.id) == model.participants(of: room.id),
        "seed \(seed)")
    }
  }
}
