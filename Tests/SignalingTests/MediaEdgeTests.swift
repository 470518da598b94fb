import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("Media edges of a room")
struct MediaEdgeTests {
  private let sending = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
  private let receiving = OfferText([.audio("0", "recvonly")])
  private let face: [ClientMessage.TrackRequest] = [
    .publish("0", "microphone"), .publish("1", "camera"),
  ]

  @Test("two patients in one room are told nothing of each other's media and get none of it")
  func twoPatients() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let first = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let second = TestClient(room)
    let token = world.token(.patient, identifier: "second")
    try await second.join(token)
    let published = try await first.offer(sending, face)
    #expect(await second.messages().isEmpty)
    #expect(await physician.messages().count == 3)
    let answered = try await second.offer(
      receiving, [.subscribe("0", published[0].publication)])
    #expect(answered.isEmpty)
    _ = try await room.play(
      try first.id, receiving.text, token, as: try second.id)
    #expect(
      world.workers[0].take().subscriptionsAdded.allSatisfy { $0.publication == nil })
    try await first.send(.mute(publication: published[0].publication, muted: true))
    try await first.send(.unpublish(publication: published[1].publication))
    #expect(
      await second.messages().allSatisfy {
        if case .answer = $0 { true } else if case .media = $0 { true } else { false }
      })
    // Nor does who comes later find it on the roster.
    let third = TestClient(room)
    let joined = try await third.join(world.token(.patient))
    #expect(joined.roster.count == 4)
    #expect(joined.roster.flatMap(\.publications).isEmpty)
    let fourth = TestClient(room)
    #expect(try await fourth.join(world.token(.observer)).roster[0].publications.count == 1)
  }

  @Test(
    "a screen of an interpreter or a relative is refused, by WebSocket and by WHIP",
    arguments: [ParticipantRole.interpreter, .relative])
  func screens(role: ParticipantRole) async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let client = try await world.join(room, role)
    let screen = ClientMessage.Body.offer(
      .init(sdp: sending.text, tracks: [.publish("1", "screen")]))
    #expect(await client.refusal(of: screen) == .forbidden)
    let two = OfferText([.video("0", "sendonly"), .video("1", "sendonly")])
    await #expect(throws: StandaloneMediaRefusal.token(.notAllowed(role))) {
      _ = try await room.publish(two.text, world.token(role, identifier: "w"), as: nil)
    }
    #expect(await room.participantCount == 1)
    #expect(world.workers[0].take().isEmpty)
  }

  @Test("a viewer by WHEP gets what its role may have, at once and later")
  func viewers() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let published = try await patient.offer(sending, face)
    _ = world.workers[0].take()
    for (role, count) in [(ParticipantRole.observer, 1), (.patient, 0)] {
      _ = try await room.play(
        try patient.id, receiving.text, world.token(role, identifier: "v"), as: nil)
      let bound = world.workers[0].take().subscriptionsAdded.compactMap(\.publication)
      #expect(bound.count == count, "\(role)")
    }
    try await patient.send(.unpublish(publication: published[0].publication))
    _ = world.workers[0].take()
    _ = try await patient.offer(sending, face)
    // The observer's alone.
    #expect(world.workers[0].take().bindings.compactMap(\.publication).count == 1)
  }
}
