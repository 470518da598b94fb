import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("A room with a waiting room")
struct WaitingRoomTests {
  private let sending = OfferText([.audio("0", "sendonly")])
  private let receiving = OfferText([.audio("0", "recvonly")])
  private let microphone: [ClientMessage.TrackRequest] = [.publish("0", "microphone")]

  @Test("who waits is told nobody, and only the physician is told who waits")
  func isolation() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient, name: "Zoë"))
    #expect(!joined.isAdmitted)
    #expect(joined.consultation.waitingRoom)
    #expect(joined.roster.map(\.id) == [try patient.id.rawValue])

    let physician = TestClient(room)
    let seen = try await physician.join(world.token(.physician))
    #expect(seen.isAdmitted)
    #expect(seen.roster.map(\.role) == ["physician"])
    #expect(seen.waiting.map(\.name) == ["Zoë"])

    let relative = TestClient(room)
    let second = try await relative.join(world.token(.relative))
    #expect(second.roster.count == 1 && second.waiting.isEmpty)
    #expect(second.consultation.state == "open")
    #expect(await patient.messages().isEmpty)
    #expect(await physician.messages() == [.waitingJoined(second.participant)])
    try await relative.send(.leave)
    #expect(await patient.messages().isEmpty)
    #expect(
      await physician.messages()
        == [.waitingLeft(participant: second.participant.id, reason: "left")])
  }

  @Test("who waits can ask for nothing but to leave")
  func refusals() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let published = try await physician.offer(sending, microphone)
    _ = world.workers[0].take()
    let track = published[0].publication
    let other = try physician.id.rawValue
    for body in [
      ClientMessage.Body.offer(.init(sdp: sending.text, tracks: microphone)),
      .offer(.init(sdp: receiving.text, tracks: [.subscribe("0", track)])),
      .mute(publication: track, muted: true), .unpublish(publication: track),
      .unsubscribe(publication: track), .view(publication: track, width: 9, height: 9),
      .admit(participant: try patient.id.rawValue), .hold(participant: other), .end,
    ] {
      #expect(await patient.refusal(of: body) == .wrongState, "\(body)")
    }
    #expect(await patient.refusal(of: .candidate(mid: "0", candidate: "")) == nil)
    #expect(await patient.messages() == [.accepted(re: "1")])
    #expect(world.workers[0].take().isEmpty)
    #expect(await patient.refusal(of: .leave) == nil)
  }

  @Test("admitted: told who is here, and media goes on as everywhere; held: all of it is gone")
  func story() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = try await world.join(room, .patient)
    let relative = try await world.join(room, .relative)
    let physician = try await world.join(room, .physician)
    let id = try patient.id.rawValue
    _ = await physician.messages()
    #expect(await relative.refusal(of: .admit(participant: id)) == .wrongState)

    try await physician.send(.admit(participant: id), re: "a")
    let told = await patient.messages()
    guard told.count == 1, case .admitted(let consultation, let roster, .none, _, _, _) = told[0]
    else {
      Issue.record("\(told)")
      return
    }
    #expect(consultation.state == "active")
    #expect(roster.map(\.role) == ["patient", "physician"])
    let entry = try #require(roster.first)
    #expect(
      await physician.messages() == [
        .waitingLeft(participant: id, reason: "admitted"), .participantJoined(entry),
        .accepted(re: "a"),
      ])
    #expect(await patient.refusal(of: .admit(participant: try relative.id.rawValue)) == .forbidden)

    let published = try await patient.offer(sending, microphone)
    _ = try await physician.offer(receiving, [.subscribe("0", published[0].publication)])
    #expect(world.workers[0].take().peersAdded.count == 2)
    _ = await physician.messages()

    try await physician.send(.hold(participant: id), re: "h")
    // One command of the worker ends every edge of the peer.
    #expect(world.workers[0].take().count { if case .removePeer = $0 { true } else { false } } == 1)
    #expect(await patient.messages() == [.waiting])
    #expect(
      await physician.messages() == [
        .unpublished(participant: id, publication: published[0].publication, re: nil),
        .participantLeft(participant: id, reason: "held"), .waitingJoined(entry),
        .accepted(re: "h"),
      ])
    #expect(
      await patient.refusal(of: .offer(.init(sdp: sending.text, tracks: microphone)))
        == .wrongState)
    #expect(await relative.messages().isEmpty)

    try await physician.send(.admit(participant: id))
    #expect(try await patient.offer(sending, microphone).count == 1)
    let passages = try await world.store.participants(of: room.id)[0].passages
    #expect(passages.map(\.event) == [.waiting, .admitted, .held, .admitted])
    #expect(passages.map { $0.by == nil } == [true, false, false, false])
  }

  @Test("resuming changes nothing: who waited waits, who was in is in")
  func resume() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let physician = try await world.join(room, .physician)
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    _ = await physician.messages()
    try await patient.disconnect()
    let id = try patient.id.rawValue
    #expect(
      await physician.messages() == [.participantUpdated(participant: id, state: .reconnecting)])
    #expect(!(try await patient.resume(joined.resumeToken).isAdmitted))
    try await physician.send(.admit(participant: id))
    try await patient.disconnect()
    let again = try await patient.resume(joined.resumeToken)
    #expect(again.isAdmitted && again.roster.count == 2)
  }

  @Test("WHIP and WHEP lead past the waiting room for nobody")
  func standalone() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let physician = try await world.join(room, .physician)
    let token = world.token(.patient, identifier: "w")
    let patient = TestClient(room)
    try await patient.join(token)
    let id = try patient.id
    for name in [id, nil] {
      await #expect(throws: StandaloneMediaRefusal.self) {
        try await room.publish(sending.text, token, as: name)
      }
      await #expect(throws: StandaloneMediaRefusal.self) {
        try await room.play(try physician.id, receiving.text, token, as: name)
      }
    }
    // Nor may those inside look out.
    await #expect(throws: StandaloneMediaRefusal.self) {
      try await room.play(id, receiving.text, world.token(.physician), as: nil)
    }
    #expect(world.workers[0].take().isEmpty)
    #expect(await room.participantCount == 2)
    try await physician.send(.admit(participant: id.rawValue))
    _ = try await room.publish(sending.text, token, as: id)
    #expect(await room.roster.count == 2)
    try await physician.send(.hold(participant: id.rawValue))
    #expect(world.workers[0].take().contains { if case .removePeer = $0 { true } else { false } })
    await #expect(throws: StandaloneMediaRefusal.self) {
      try await room.publish(sending.text, token, as: id)
    }
  }
}
