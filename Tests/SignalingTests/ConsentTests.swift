import Consultation
import HTTPTypes
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("A room that asks for consent")
struct ConsentTests {
  private let sending = OfferText([.audio("0", "sendonly")])
  private let receiving = OfferText([.audio("0", "recvonly")])
  private let microphone: [ClientMessage.TrackRequest] = [.publish("0", "microphone")]

  private func answer(
    _ isGiven: Bool, _ purpose: ConsentPurpose = .act, about: String? = nil
  ) -> ClientMessage.Body {
    .consent(
      .init(
        purpose: purpose, about: about, isGiven: isGiven,
        version: ConsentText.standard(purpose).version, language: "fr"))
  }

  /// What a message says of consents, as "participant purpose state".
  private func consents(_ messages: [ServerMessage]) -> [String]? {
    for case .consents(let list) in messages {
      return list.map { "\($0.purpose) \($0.state)" }
    }
    return nil
  }

  @Test("asks on joining, passes nothing before, everything after, and nothing after withdrawal")
  func act() async throws {
    let world = try await TestWorld()
    let room = try await world.room(consents: [.act])
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    let asked = try #require(joined.consents.first)
    #expect(joined.consents.count == 1 && asked.state == "asked" && asked.purpose == "act")
    #expect(asked.texts?.map(\.language) == ["en", "fr"])
    let physician = TestClient(room)
    let seen = try await physician.join(world.token(.physician))
    // The words are for who is asked.
    #expect(seen.consents.map(\.state) == ["asked"] && seen.consents[0].texts == nil)

    // Publishing is possible; nobody hears of it, and a section that asks for it stays silent.
    let published = try await patient.offer(sending, microphone)
    let track = published[0].publication
    #expect(await physician.messages().isEmpty)
    #expect(try await physician.offer(receiving, [.subscribe("0", track)]).isEmpty)
    _ = world.workers[0].take()

    try await patient.send(answer(true), re: "c")
    let told = await physician.messages()
    let id = try patient.id.rawValue
    let publication = RosterPublication(
      id: track, kind: "audio", source: "microphone", muted: false)
    #expect(told.first == .published(participant: id, publication))
    #expect(consents(told) == ["act given"])
    #expect(await patient.messages().last == .accepted(re: "c"))
    #expect(try await physician.offer(receiving, [.subscribe("0", track)]).count == 1)
    #expect(world.workers[0].take().subscriptionsAdded.last?.publication?.rawValue == UInt64(track))

    try await patient.send(answer(false))
    #expect(world.workers[0].take().bindings.map(\.publication) == [nil])
    let end = await physician.messages()
    #expect(end.first == .unpublished(participant: id, publication: track, re: nil))
    #expect(consents(end) == ["act withdrawn"])
    // The patient still publishes: agreeing again is enough.
    try await patient.send(answer(true))
    #expect(await physician.messages().first == .published(participant: id, publication))
    let kept = try await world.store.consents(of: room.id)
    #expect(kept.map(\.entry.decision) == [.given, .withdrawn, .given])
    #expect(kept.allSatisfy { $0.entry.language == "fr" && $0.entry.version == "standard-2" })
  }

  @Test("a withdrawal does not wait for the disk; a consent is true only when it is written")
  func disk() async throws {
    let world = try await TestWorld()
    let room = try await world.room(consents: [.act])
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let track = try await patient.offer(sending, microphone)[0].publication
    world.store.fail(true)
    #expect(await patient.refusal(of: answer(true)) == .internal)
    #expect(try await physician.offer(receiving, [.subscribe("0", track)]).isEmpty)
    world.store.fail(false)
    try await patient.send(answer(true))
    _ = try await physician.offer(receiving, [.subscribe("0", track)])
    _ = world.workers[0].take()

    world.store.hold()
    async let withdrawal: Void = patient.send(answer(false))
    while world.store.heldCount == 0 { await Task.yield() }
    #expect(world.workers[0].take().bindings.map(\.publication) == [nil])
    world.store.release()
    try await withdrawal
    #expect(
      try await world.store.consents(of: room.id).map(\.entry.decision) == [.given, .withdrawn])
  }

  @Test("a third participant who comes later is asked about before patient and third meet")
  func third() async throws {
    let world = try await TestWorld()
    let room = try await world.room(consents: [.thirdParticipant])
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let face = try await patient.offer(sending, microphone)[0].publication
    let voice = try await physician.offer(sending, microphone)[0].publication
    _ = await patient.messages()
    let relative = TestClient(room)
    let joined = try await relative.join(world.token(.relative))
    let id = try relative.id.rawValue
    // On everyone's roster at once; what the physician sends may pass, what the patient sends not yet.
    #expect(joined.roster.count == 3)
    #expect(joined.roster.flatMap(\.publications).map(\.id) == [voice])
    #expect(joined.consents.map(\.about) == [id] && joined.consents[0].texts == nil)
    #expect(consents(await patient.messages()) == ["third-participant asked"])
    let hers = try await relative.offer(sending, microphone)[0].publication
    #expect(await patient.messages().isEmpty)
    let both = OfferText([.audio("0", "sendonly"), .audio("1", "recvonly")])
    let answered = try await patient.offer(both, microphone + [.subscribe("1", hers)])
    #expect(answered.map(\.direction) == [.publish])

    try await patient.send(answer(true, .thirdParticipant, about: id))
    let patientTold = await patient.messages()
    #expect(patientTold.contains { if case .published(id, _, _) = $0 { true } else { false } })
    let told = await relative.messages()
    #expect(
      told.contains {
        if case .published(_, let one, _) = $0 { one.id == face } else { false }
      })
    try await patient.send(answer(false, .thirdParticipant, about: id))
    #expect(
      await relative.messages().contains(
        .unpublished(participant: try patient.id.rawValue, publication: face, re: nil)))
    // A second one is another question.
    _ = await patient.messages()
    _ = try await world.join(room, .expert)
    #expect(
      consents(await patient.messages())
        == ["third-participant withdrawn", "third-participant asked"])
  }

  @Test("nobody consents for another, to what is not asked, or to words that were not shown")
  func refusals() async throws {
    let world = try await TestWorld()
    let room = try await world.room(consents: [.act, .thirdParticipant])
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    #expect(await physician.refusal(of: answer(true)) == .wrongState)
    #expect(await patient.refusal(of: answer(true, .recording)) == .wrongState)
    #expect(await patient.refusal(of: answer(true, .thirdParticipant)) == .wrongState)
    #expect(
      await patient.refusal(of: answer(true, .thirdParticipant, about: "a b")) == .notFound)
    for (version, language, code) in [
      ("standard-1", "fr", SignalingErrorCode.wrongState), ("standard-2", "xx", .badField),
    ] {
      let body = ClientMessage.Body.consent(
        .init(purpose: .act, about: nil, isGiven: true, version: version, language: language))
      #expect(await patient.refusal(of: body) == code)
    }
    #expect(try await world.store.consents(of: room.id).isEmpty)
  }

  @Test("is asked and answered in the waiting room, and kept across a lost connection")
  func waiting() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true, consents: [.act])
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    #expect(!joined.isAdmitted && joined.consents.map(\.state) == ["asked"])
    try await patient.send(answer(true))
    #expect(consents(await patient.messages()) == ["act given"])
    let physician = TestClient(room)
    let seen = try await physician.join(world.token(.physician))
    #expect(seen.consents.map(\.state) == ["given"])
    try await physician.send(.admit(participant: try patient.id.rawValue))
    let voice = try await physician.offer(sending, microphone)[0].publication
    #expect(try await patient.offer(receiving, [.subscribe("0", voice)]).count == 1)
    try await patient.disconnect()
    let again = try await patient.resume(joined.resumeToken)
    #expect(again.consents.map(\.state) == ["given"])
    // Who leaves and comes again is asked again.
    try await patient.send(.leave)
    let other = TestClient(room)
    #expect(try await other.join(world.token(.patient)).consents.map(\.state) == ["asked"])
  }

  @Test("a WHEP viewer gets nothing before consent, and it as soon as there is one")
  func standalone() async throws {
    let world = try await TestWorld()
    let room = try await world.room(consents: [.act])
    let patient = try await world.join(room, .patient)
    let track = try await patient.offer(sending, microphone)[0].publication
    _ = world.workers[0].take()
    _ = try await room.play(
      try patient.id, receiving.text, world.token(.physician, identifier: "v"), as: nil)
    #expect(world.workers[0].take().subscriptionsAdded.allSatisfy { $0.publication == nil })
    try await patient.send(answer(true))
    #expect(world.workers[0].take().bindings.map(\.publication) == [UInt64(track)])
    try await patient.send(answer(false))
    #expect(world.workers[0].take().bindings.map(\.publication) == [nil])
  }

  // MARK: REST

  @Test("REST creates with standard or own words, and shows staff what was decided")
  func rest() async throws {
    let server = try await TestHTTPServer()
    let body = """
      {"id":"one","consents":[{"purpose":"act","version":"h-2","texts":[{"language":"fr","text":"Oui ?"}]},\
      {"purpose":"recording"}]}
      """
    let created = try await server.call(.post, "/v1/consultations", server.backend, body: body)
    #expect(created.status == .created)
    let shown = try #require(try server.json(created)["consents"] as? [[String: Any]])
    #expect(shown.map { $0["version"] as? String } == ["h-2", "standard-1"])
    let id = try #require(ConsultationID(rawValue: "one"))
    try await server.world.directory.withRoom(id, for: server.world.token(.patient, in: "one")) {
      room in
      let patient = try await server.world.join(room, .patient)
      try await patient.send(
        .consent(
          .init(purpose: .act, about: nil, isGiven: true, version: "h-2", language: "fr")))
    }
    let path = "/v1/consultations/one/consents"
    for token in [server.backend, server.world.token(.physician, in: "one")] {
      let reply = try server.json(try await server.call(.get, path, token))
      let required = try #require(reply["required"] as? [[String: Any]])
      #expect(required.count == 2)
      #expect((required[0]["texts"] as? [[String: String]])?.first?["text"] == "Oui ?")
      let decisions = try #require(reply["decisions"] as? [[String: Any]])
      #expect(decisions.map { $0["decision"] as? String } == ["given"])
      #expect(decisions[0]["at"] is String && decisions[0]["participant"] is String)
    }
    for role in [ParticipantRole.patient, .relative, .ops] {
      let token = server.world.token(role, in: role == .ops ? nil : "one")
      #expect(try await server.call(.get, path, token).status == .forbidden)
    }
    #expect(
      try await server.call(.get, "/v1/consultations/none/consents", server.backend).status
        == .notFound)
  }

  @Test("an appointment has a window, and who comes outside of it is told when it opens")
  func window() async throws {
    let server = try await TestHTTPServer()
    let now = server.world.clock.wall
    for (id, from, to, code) in [
      ("early", 60, 120, SignalingErrorCode.tooEarly), ("late", -120, -60, .tooLate),
    ] as [(String, Int64, Int64, SignalingErrorCode)] {
      let body = """
        {"id":"\(id)","notBefore":"\(now.advanced(bySeconds: from))","notAfter":"\(now.advanced(bySeconds: to))"}
        """
      let reply = try await server.call(.post, "/v1/consultations", server.backend, body: body)
      #expect(reply.status == .created)
      #expect(
        try server.json(reply)["notBefore"] as? String == now.advanced(bySeconds: from).description)
      let token = server.world.token(.physician, in: id)
      try await server.world.directory.withRoom(
        try #require(ConsultationID(rawValue: id)), for: token
      ) { room in
        let client = TestClient(room)
        do {
          try await client.join(token)
          Issue.record("joined")
        } catch let refusal as JoinRefusal {
          #expect(refusal.error.code == code && refusal.close == nil)
          #expect(refusal.error.retryAfter == (code == .tooEarly ? 61 : nil))
        }
      }
    }
    let wrong = #"{"notBefore":"2026-01-02T00:00:00Z","notAfter":"2026-01-01T00:00:00Z"}"#
    let refused = try await server.call(.post, "/v1/consultations", server.backend, body: wrong)
    #expect(refused.status == .badRequest)
  }

  @Test(
    "a body with other consents is refused with the field",
    arguments: [
      #"{"consents":"act"}"#, #"{"consents":[{"purpose":"all"}]}"#,
      #"{"consents":[{"purpose":"act"},{"purpose":"act"}]}"#,
      #"{"consents":[{"purpose":"act","version":"1"}]}"#,
      #"{"consents":[{"purpose":"act","texts":[{"language":"fr","text":"x"}]}]}"#,
      #"{"consents":[{"purpose":"act","version":"1","texts":[{"language":"f","text":"x"}]}]}"#,
      #"{"consents":[{"purpose":"act","version":"a b","texts":[{"language":"fr","text":"x"}]}]}"#,
    ])
  func badBodies(body: String) async throws {
    let server = try await TestHTTPServer()
    let reply = try await server.call(.post, "/v1/consultations", server.backend, body: body)
    #expect(reply.status == .badRequest)
    #expect(try server.code(reply) == "bad-field")
  }
}
