import Consultation
import Testing

func room(
  _ id: String = "room", _ kind: ConsultationKind = .direct, limit: Int = 6,
  waitingRoom: Bool = false, consents: [ConsentText] = []
) throws -> Room {
  Room(
    ConsultationRecord(
      id: try #require(ConsultationID(rawValue: id)), kind: kind,
      createdAt: WallClock(milliseconds: 0), hasWaitingRoom: waitingRoom, consents: consents),
    participantLimit: limit)
}

func person(_ name: String) throws -> ParticipantID {
  try #require(ParticipantID(rawValue: name))
}

let noon = WallClock(milliseconds: 1_000_000)

@Suite("Room")
struct RoomTests {
  @Test("becomes active when two have met, and can be entered again after all have left")
  func states() throws {
    var room = try room()
    let (ann, bob) = (try person("ann"), try person("bob"))
    let first = try room.join(ann, role: .patient, name: nil, at: noon)
    let patient = try #require(room[ann])
    #expect(first == [.sittingBegan, .joined(patient)])
    #expect(room.state == .open)
    let second = try room.join(
      bob, role: .physician, name: DisplayName(rawValue: "Dr Bob"), at: noon)
    let physician = try #require(room[bob])
    #expect(physician.name?.rawValue == "Dr Bob")
    #expect(second == [.joined(physician), .stateChanged(.active)])
    #expect(try room.leave(ann, reason: .left) == [.left(ann, .left)])
    #expect(room.state == .active)
    #expect(
      try room.leave(bob, reason: .left) == [
        .left(bob, .left), .stateChanged(.open), .sittingEnded(.left),
      ])
    #expect(try room.join(ann, role: .patient, name: nil, at: noon).first == .sittingBegan)
  }

  @Test("ends for good: everyone leaves, tracks first, and nothing is possible afterwards")
  func ends() throws {
    var room = try room()
    let (ann, bob) = (try person("ann"), try person("bob"))
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    let track = TrackID(rawValue: 1)
    _ = try room.publish(ann, .camera, as: track, muted: nil)
    #expect(throws: RoomError.forbidden(.patient, .endConsultation)) {
      try room.end(by: .patient)
    }
    #expect(
      try room.end(by: .physician) == [
        .left(bob, .ended), .unpublished(ann, track, .camera), .left(ann, .ended),
        .stateChanged(.open), .sittingEnded(.ended), .stateChanged(.ended), .ended(.ended),
      ])
    #expect(room.roster.isEmpty)
    #expect(throws: RoomError.ended) {
      try room.join(ann, role: .patient, name: nil, at: noon)
    }
    #expect(throws: RoomError.ended) { try room.end(by: .backend) }
    #expect(throws: RoomError.ended) { try room.leave(ann, reason: .left) }
  }

  @Test("refuses who is there already, who is one too many, and who belongs on no roster")
  func admission() throws {
    var room = try room(limit: 2)
    let ann = try person("ann")
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(throws: RoomError.alreadyPresent) {
      try room.join(ann, role: .patient, name: nil, at: noon)
    }
    for role in [ParticipantRole.ops, .backend, .loadtest] {
      #expect(throws: RoomError.notAdmitted(role)) {
        try room.join(person("x"), role: role, name: nil, at: noon)
      }
    }
    _ = try room.join(person("bob"), role: .physician, name: nil, at: noon)
    #expect(throws: RoomError.full(limit: 2)) {
      try room.join(person("carl"), role: .expert, name: nil, at: noon)
    }
    #expect(room.roster.map(\.id.rawValue) == ["ann", "bob"])
  }

  @Test("keeps a participant whose connection is lost until that very loss expires")
  func suspension() throws {
    var room = try room()
    let ann = try person("ann")
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    let lost = try #require(try room.suspend(ann).first)
    guard case .suspended(ann, let first) = lost else {
      Issue.record("\(lost)")
      return
    }
    #expect(room[ann]?.presence == .reconnecting(first))
    #expect(try room.suspend(ann).isEmpty)
    #expect(try room.resume(ann) == [.resumed(ann)])
    #expect(try room.resume(ann).isEmpty)
    #expect(room.expire(ann, first).isEmpty)
    guard case .suspended(ann, let second)? = try room.suspend(ann).first else {
      Issue.record("not suspended")
      return
    }
    #expect(room.expire(ann, first).isEmpty)
    #expect(room.expire(ann, second).first == .left(ann, .connectionLost))
    #expect(room.expire(ann, second).isEmpty)
  }

  @Test("a stale timer does not end the next presence of the same participant")
  func staleTimer() throws {
    var room = try room()
    let ann = try person("ann")
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    guard case .suspended(_, let loss)? = try room.suspend(ann).first else {
      Issue.record("not suspended")
      return
    }
    _ = try room.leave(ann, reason: .replaced)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.suspend(ann)
    #expect(room.expire(ann, loss).isEmpty)
  }

  @Test("lets physician and backend take someone out, nobody else")
  func removal() throws {
    for role in ParticipantRole.allCases {
      var room = try room()
      let ann = try person("ann")
      _ = try room.join(ann, role: .patient, name: nil, at: noon)
      if role == .physician || role == .backend {
        #expect(try room.remove(ann, Removal(by: role)).contains(.left(ann, .removed)))
      } else {
        #expect(throws: RoomError.forbidden(role, .removeOthers)) {
          try room.remove(ann, Removal(by: role))
        }
      }
    }
  }

  @Test("keeps out whose token was banned, and nobody else, also when loaded again")
  func ban() throws {
    var room = try room()
    let ann = try person("ann")
    let mark = BearerMark(rawValue: "ann's")
    _ = try room.join(ann, role: .patient, name: nil, bearer: mark, at: noon)
    let removal = Removal(by: .physician, actor: try person("bob"), banned: mark)
    #expect(try room.remove(ann, removal).first == .removed(ann, removal))
    #expect(throws: RoomError.banned) {
      try room.join(ann, role: .patient, name: nil, bearer: mark, at: noon)
    }
    _ = try room.join(
      ann, role: .patient, name: nil, bearer: BearerMark(rawValue: "another"), at: noon)
    let record = ConsultationRecord(
      id: room.id, kind: .direct, createdAt: noon, leastDelay: false, hasWaitingRoom: false,
      state: .open, end: nil, sittings: [], bans: [mark])
    var again = Room(record, participantLimit: 6)
    #expect(throws: RoomError.banned) {
      try again.join(ann, role: .patient, name: nil, bearer: mark, at: noon)
    }
  }

  @Test("nobody takes out themselves")
  func removesItself() throws {
    var room = try room()
    let ann = try person("ann")
    _ = try room.join(ann, role: .physician, name: nil, at: noon)
    #expect(throws: RoomError.removesItself) {
      try room.remove(ann, Removal(by: .physician, actor: ann))
    }
  }
}
