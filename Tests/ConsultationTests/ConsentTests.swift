import Consultation
import Testing

func consenting(
  _ purposes: [ConsentPurpose], limit: Int = 6, waitingRoom: Bool = false
) throws -> Room {
  Room(
    ConsultationRecord(
      id: try #require(ConsultationID(rawValue: "room")), kind: .direct, createdAt: noon,
      hasWaitingRoom: waitingRoom, consents: purposes.map(ConsentText.standard)),
    participantLimit: limit)
}

extension Room {
  /// In the standard words.
  mutating func answer(
    _ isGiven: Bool, _ purpose: ConsentPurpose, _ id: ParticipantID, about: ParticipantID? = nil
  ) throws(RoomError) -> [RoomEffect] {
    try decide(
      ConsentQuestion(purpose, of: id, about: about), isGiven: isGiven,
      version: ConsentText.standard(purpose).version, language: "fr")
  }
}

@Suite("Consent")
struct ConsentTests {
  let ann: ParticipantID
  let bob: ParticipantID
  let eve: ParticipantID
  let face = TrackID(rawValue: 1)
  let voice = TrackID(rawValue: 2)
  let hers = TrackID(rawValue: 3)

  init() throws {
    (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve"))
  }

  /// A patient, a physician and an interpreter, who all publish.
  private func scene(_ purposes: [ConsentPurpose]) throws -> Room {
    var room = try consenting(purposes)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.join(eve, role: .interpreter, name: nil, at: noon)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    _ = try room.publish(bob, .microphone, as: voice, muted: nil)
    _ = try room.publish(eve, .microphone, as: hers, muted: nil)
    return room
  }

  /// Every edge of the scene, as "who<-track".
  private func edges(_ room: Room) -> Set<String> {
    var edges: Set<String> = []
    for viewer in [ann, bob, eve] {
      for (_, publication) in room.receivable(by: viewer) {
        #expect(room.mayReceive(viewer, publication.track))
        edges.insert("\(viewer)<-\(publication.track)")
      }
    }
    return edges
  }

  @Test("to the act: nothing passes from or to the patient before it, and nothing after it")
  func act() throws {
    var room = try scene([.act])
    let others: Set = ["bob<-3", "eve<-2"]
    #expect(edges(room) == others)
    #expect(try room.answer(false, .act, ann).count == 1)
    #expect(edges(room) == others)
    #expect(try room.answer(true, .act, ann).count == 1)
    #expect(edges(room) == others.union(["ann<-2", "ann<-3", "bob<-1", "eve<-1"]))
    let entry = ConsentEntry(
      ConsentQuestion(.act, of: ann, about: nil), .withdrawn, version: "standard-2", language: "fr")
    #expect(try room.answer(false, .act, ann) == [.consented(entry)])
    #expect(edges(room) == others)
  }

  @Test("to a third participant: asked about each of them, and needed between the two alone")
  func third() throws {
    var room = try scene([.thirdParticipant])
    #expect(room.questions(for: ann) == [.init(.thirdParticipant, of: ann, about: eve)])
    let before: Set = ["ann<-2", "bob<-1", "bob<-3", "eve<-2"]
    #expect(edges(room) == before)
    _ = try room.answer(true, .thirdParticipant, ann, about: eve)
    #expect(edges(room) == before.union(["ann<-3", "eve<-1"]))
    let fred = try person("fred")
    _ = try room.join(fred, role: .observer, name: nil, at: noon)
    #expect(!room.mayReceive(fred, face) && room.mayReceive(fred, voice))
    #expect(room.questions(for: ann).map(\.about) == [eve, fred])
    // Who comes again is somebody else.
    _ = try room.leave(eve, reason: .left)
    _ = try room.join(eve, role: .interpreter, name: nil, at: noon)
    #expect(!room.mayReceive(eve, face))
    #expect(room.decision(.init(.thirdParticipant, of: ann, about: eve)) == nil)
  }

  @Test("of who comes again is asked again, of who was put on hold is not")
  func again() throws {
    var room = try consenting([.act], waitingRoom: true)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    // One can agree while waiting.
    _ = try room.answer(true, .act, ann)
    _ = try room.admit(ann, by: bob)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    #expect(room.mayReceive(bob, face))
    _ = try room.hold(ann, by: bob)
    _ = try room.admit(ann, by: bob)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    #expect(room.mayReceive(bob, face))
    _ = try room.leave(ann, reason: .connectionLost)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.admit(ann, by: bob)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    #expect(!room.mayReceive(bob, face))
  }

  @Test("is nobody else's to give, and of nothing that is not asked")
  func refusals() throws {
    var room = try scene([.act, .thirdParticipant])
    #expect(throws: RoomError.consentNotAsked(.act)) { try room.answer(true, .act, bob) }
    #expect(throws: RoomError.consentNotAsked(.act)) {
      try room.answer(true, .act, ann, about: eve)
    }
    #expect(throws: RoomError.consentNotAsked(.recording)) {
      try room.answer(true, .recording, ann)
    }
    #expect(throws: RoomError.consentNotAsked(.thirdParticipant)) {
      try room.answer(true, .thirdParticipant, ann, about: bob)
    }
    #expect(throws: RoomError.noSuchParticipant) {
      try room.answer(true, .act, person("mallory"))
    }
    let question = ConsentQuestion(.act, of: ann, about: nil)
    #expect(throws: RoomError.consentOutdated(.act, "standard-2")) {
      try room.decide(question, isGiven: true, version: "standard-1", language: "fr")
    }
    #expect(throws: RoomError.consentNotWorded(.act)) {
      try room.decide(question, isGiven: true, version: "standard-2", language: "de")
    }
    #expect(room.decision(question) == nil)
    #expect(try room.answer(true, .act, ann).count == 1)
    #expect(try room.answer(true, .act, ann).isEmpty)
  }

  @Test("is known to who is asked, to physicians, and to whom it is about")
  func knowledge() throws {
    let room = try scene([.act, .thirdParticipant, .recording])
    #expect(room.questions(knownTo: ann).map(\.participant) == [ann, ann, ann])
    #expect(room.questions(knownTo: bob).count == 5)
    #expect(
      room.questions(knownTo: eve) == [
        .init(.thirdParticipant, of: ann, about: eve), .init(.recording, of: eve, about: nil),
      ])
    var waiting = try consenting([.act, .thirdParticipant], waitingRoom: true)
    _ = try waiting.join(ann, role: .patient, name: nil, at: noon)
    _ = try waiting.join(eve, role: .relative, name: nil, at: noon)
    #expect(waiting.questions(knownTo: ann) == [.init(.act, of: ann, about: nil)])
    #expect(waiting.questions(knownTo: eve).isEmpty)
  }

  @Test(
    "is asked of the roles that the table names", arguments: ConsentPurpose.allCases)
  func table(purpose: ConsentPurpose) throws {
    let everyone: Set<ParticipantRole> = [
      .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer, .loadtest,
    ]
    let asked: [ConsentPurpose: Set<ParticipantRole>] = [
      .act: [.patient], .thirdParticipant: [.patient], .imageCapture: [.patient],
      .recording: everyone, .bridge: everyone,
    ]
    let roles = try #require(asked[purpose])
    for role in ParticipantRole.allCases {
      #expect(purpose.isAsked(of: role) == roles.contains(role), "\(purpose) \(role)")
    }
  }

  @Test(
    "a changed letter of the standard words is a new version", arguments: ConsentPurpose.allCases)
  func versions(purpose: ConsentPurpose) {
    let sums: [ConsentPurpose: (version: String, sum: UInt64)] = [
      .act: ("standard-2", 0x4716_10F4_D1C4_3740),
      .thirdParticipant: ("standard-1", 0x562B_E069_2DF5_943F),
      .imageCapture: ("standard-1", 0x9D2D_3DD4_0622_9ADF),
      .recording: ("standard-1", 0xF70D_B088_71A9_6676),
      .bridge: ("standard-1", 0xEE5A_7DF9_3585_9AE0),
    ]
    let text = ConsentText.standard(purpose)
    // FNV-1a, 64 bits.
    let sum = text.wordings.flatMap { $0.text.utf8 }.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    #expect(text.version == sums[purpose]?.version)
    #expect(sum == sums[purpose]?.sum)
  }

  @Test(
    "who agreed to former words agreed to these: a later version asks and changes nothing there")
  func former() throws {
    let former = try #require(
      ConsentText(
        .act, version: "standard-1",
        wordings: [.init(language: "fr", text: "Oui ?")].compactMap(\.self)))
    let record = ConsultationRecord(
      id: try #require(ConsultationID(rawValue: "room")), kind: .direct, createdAt: noon,
      consents: [former])
    var room = Room(record, participantLimit: 6)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(room.consentText(.act) == former)
    #expect(throws: RoomError.consentOutdated(.act, "standard-1")) {
      try room.answer(true, .act, ann)
    }
    let question = ConsentQuestion(.act, of: ann, about: nil)
    let entry = ConsentEntry(question, .given, version: "standard-1", language: "fr")
    #expect(
      try room.decide(question, isGiven: true, version: "standard-1", language: "fr")
        == [.consented(entry)])
  }

  @Test("has words in English and French for each purpose, and takes no unreadable ones")
  func words() {
    for purpose in ConsentPurpose.allCases {
      let text = ConsentText.standard(purpose)
      #expect(text.wordings.map(\.language) == ["en", "fr"])
      #expect(ConsentText(purpose, version: text.version, wordings: text.wordings) == text)
      #expect(ConsentText(purpose, version: "a b", wordings: text.wordings) == nil)
      #expect(ConsentText(purpose, version: "1", wordings: []) == nil)
      #expect(ConsentText(purpose, version: "1", wordings: text.wordings + text.wordings) == nil)
    }
    for (language, text) in [
      ("e", "x"), ("en us", "x"), ("en", ""), ("en", "a\u{0}b"),
      ("en", String(repeating: "x", count: 4097)),
    ] {
      #expect(ConsentText.Wording(language: language, text: text) == nil)
    }
    #expect(ConsentText.Wording(language: "pt-BR", text: "a\nb") != nil)
  }
}
