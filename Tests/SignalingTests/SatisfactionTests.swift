import Consultation
import HTTPTypes
import Testing

@testable import Signaling

@Suite("Satisfaction and transfer")
struct SatisfactionTests {
  private static let path = "/v1/consultations/consultation/satisfaction"

  @Test(
    "is given by patient and physician who were there, also after the end; the last word counts")
  func given() async throws {
    let server = try await TestHTTPServer()
    let world = server.world
    let room = try await world.room()
    let patient = world.token(.patient, identifier: "p")
    let good = #"{"score":4}"#
    #expect(try await server.call(.post, Self.path, patient, body: good).status == .conflict)
    let client = TestClient(room)
    try await client.join(patient)
    let physician = TestClient(room)
    let doctor = world.token(.physician, identifier: "d")
    try await physician.join(doctor)
    try await physician.send(.end)
    #expect(try await server.call(.post, Self.path, patient, body: good).status == .noContent)
    #expect(
      try await server.call(.post, Self.path, patient, body: #"{"score":5}"#).status == .noContent)
    #expect(
      try await server.call(.post, Self.path, doctor, body: #"{"score":2}"#).status == .noContent)
    let kept = try await world.store.satisfactions(of: room.id)
    #expect(Set(kept.map(\.score)) == [5, 2] && kept.count == 2)
    let read = try await server.call(.get, Self.path, server.backend)
    #expect(read.status == .ok)
    #expect(try await server.call(.get, Self.path, patient).status == .forbidden)
  }

  @Test(
    "is one to five and nothing else",
    arguments: [#"{"score":0}"#, #"{"score":6}"#, #"{"score":"5"}"#, "{}", #"{"score":4.5}"#])
  func bounds(body: String) async throws {
    let server = try await TestHTTPServer()
    _ = try await server.world.room()
    let reply = try await server.call(
      .post, Self.path, server.world.token(.patient), body: body)
    #expect(reply.status == .badRequest)
    #expect(try server.code(reply) == "bad-field")
  }

  @Test("is asked of no other role, and of no other consultation's people")
  func roles() async throws {
    let server = try await TestHTTPServer()
    _ = try await server.world.room()
    for role in ParticipantRole.allCases where role != .patient && role != .physician {
      let reply = try await server.call(
        .post, Self.path, server.world.token(role), body: #"{"score":5}"#)
      #expect(reply.status == .forbidden || reply.status == .unauthorized, "\(role)")
    }
    let other = server.world.token(.patient, in: "other")
    #expect(
      try await server.call(.post, Self.path, other, body: #"{"score":5}"#).status == .forbidden)
  }

  @Test(
    "everyone inside is told who is in charge, who waits is not; a transfer leaves one physician")
  func transfer() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let first = TestClient(room)
    #expect(try await first.join(world.token(.physician)).inCharge == (try first.id.rawValue))
    let waiting = TestClient(room)
    #expect(try await waiting.join(world.token(.patient)).inCharge == nil)
    let second = try await world.join(room, .physician)
    _ = await (first.messages(), waiting.messages())
    #expect(
      await second.refusal(of: .transfer(participant: try first.id.rawValue)) == .wrongState)
    #expect(await first.refusal(of: .transfer(participant: "p_nobody")) == .notFound)
    try await first.send(.transfer(participant: try second.id.rawValue), re: "t")
    let told = ServerMessage.charge(
      participant: try second.id.rawValue, from: try first.id.rawValue, reason: "transfer")
    #expect(await second.messages() == [told])
    #expect(await first.messages() == [told, .accepted(re: "t")])
    #expect(await waiting.messages().isEmpty)
    try await first.send(.leave)
    try await second.send(.admit(participant: try waiting.id.rawValue))
    guard case .admitted(_, _, _, let inCharge, _, _)? = await waiting.messages().first else {
      Issue.record("not admitted")
      return
    }
    #expect(inCharge == (try second.id.rawValue))
  }
}
