import Congestion
import Consultation
import MediaEngine
import Testing

@testable import Signaling

@Suite("A room: what counts in a picture")
struct PriorityTests {
  @Test(
    "the physician asks for details of what the patient sends: both are told, and who comes later")
  func examined() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let published = try await patient.offer(
      OfferText([.video("0", "sendonly")]), [.publish("0", "camera")])
    let camera = published[0].publication
    _ = await patient.messages()
    _ = await physician.messages()
    _ = world.workers[0].take()
    try await physician.send(.prioritize(publication: camera, priority: .detail))
    let told = ServerMessage.prioritized(
      participant: try patient.id.rawValue, publication: camera, priority: .detail)
    #expect(await patient.messages() == [told])
    #expect(await physician.messages() == [told, .accepted(re: "1")])
    let expert = TestClient(room)
    let roster = try await expert.join(world.token(.expert)).roster
    #expect(roster.flatMap(\.publications).map(\.priority) == ["detail"])
    let asked = world.workers[0].take().compactMap {
      if case .setPublicationPriority(_, let priority) = $0 { priority } else { nil }
    }
    #expect(asked == [.detail])
  }

  @Test("nobody else decides about a picture that is not his own")
  func forbidden() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let patient = try await world.join(room, .patient)
    let published = try await physician.offer(
      OfferText([.video("0", "sendonly")]), [.publish("0", "camera")])
    #expect(
      await patient.refusal(
        of: .prioritize(publication: published[0].publication, priority: .detail)) == .forbidden)
    #expect(
      await patient.refusal(of: .prioritize(publication: "4711", priority: .detail)) == .notFound)
  }
}
