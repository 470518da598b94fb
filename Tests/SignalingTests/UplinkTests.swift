import Consultation
import Wire
import Testing

@testable import Signaling

@Suite("A room: the way up of a participant")
struct UplinkTests {
  /// The patient publishes a voice and a picture; the physician is there.
  private struct Call {
    let world: TestWorld
    let room: RoomSession
    let patient: TestClient
    let physician: TestClient
    let resumption: String
    let adaptation: Adaptation

    init() async throws {
      world = try await TestWorld()
      room = try await world.room()
      patient = try await world.join(room, .patient)
      physician = TestClient(room)
      resumption = try await physician.join(world.token(.physician)).resumeToken
      let published = try await patient.offer(
        OfferText([.audio("0", "sendonly"), .video("1", "sendonly")]),
        [.publish("0", "microphone"), .publish("1", "camera")])
      _ = await patient.messages()
      _ = await physician.messages()
      let name = try patient.id.rawValue
      adaptation = Adaptation(
        viewer: name, participant: name, publication: published[1].publication, step: .videoOff,
        reason: .uplink)
    }
  }

  @Test("everyone who misses a picture is told why, and when it is over")
  func told() async throws {
    let call = try await Call()
    try await call.patient.send(.uplink(carriesVideo: false))
    #expect(await call.physician.messages() == [.adapted(call.adaptation)])
    #expect(
      await call.patient.messages() == [.adapted(call.adaptation), .accepted(re: "1")])
    try await call.patient.send(.uplink(carriesVideo: true))
    #expect(await call.physician.messages() == [.adapted(call.adaptation.ended)])
    // Nothing was given up.
    try await call.patient.send(.uplink(carriesVideo: true))
    #expect(await call.physician.messages().isEmpty)
  }

  @Test("who comes, or comes back, is told what is true")
  func late() async throws {
    let call = try await Call()
    try await call.patient.send(.uplink(carriesVideo: false))
    try await call.physician.disconnect()
    #expect(
      try await call.physician.resume(call.resumption).adapted == [call.adaptation])
    let expert = TestClient(call.room)
    #expect(try await expert.join(call.world.token(.expert)).adapted == [call.adaptation])
  }

  @Test("a picture that is published on a narrow way is told when its client says so again")
  func republished() async throws {
    let call = try await Call()
    try await call.patient.send(.uplink(carriesVideo: false))
    _ = await call.physician.messages()
    try await call.patient.send(.uplink(carriesVideo: false))
    #expect(await call.physician.messages() == [.adapted(call.adaptation)])
  }
}
