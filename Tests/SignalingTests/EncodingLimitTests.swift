import Congestion
import Consultation
import MediaEngine
import Testing

@testable import Signaling

@Suite("A room: what publishers are asked to produce")
struct EncodingLimitTests {
  @Test("the narrowest path decides, and the limit goes with the one who needed it")
  func narrowest() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let token = try await patient.join(world.token(.patient)).resumeToken
    let published = try #require(
      await patient.offer(
        OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")]
      ).first?.publication)
    var listeners: [(TestClient, SubscriptionID)] = []
    for _ in 0..<2 {
      let listener = try await world.join(room, .relative)
      _ = world.workers[0].take()
      _ = try await listener.offer(
        OfferText([.audio("0", "recvonly")]), [.subscribe("0", published)])
      let added = world.workers[0].take().compactMap {
        if case .addSubscription(let id, _) = $0 { id } else { nil }
      }
      listeners.append((listener, try #require(added.first)))
    }
    func asked() async -> [EncodingLimit] {
      await patient.messages().compactMap {
        if case .encoding(let limit) = $0 { limit } else { nil }
      }
    }
    func limit(_ rate: SoundRate) -> EncodingLimit {
      EncodingLimit(publication: published, sound: rate)
    }
    _ = await asked()
    await room.handle([.soundLimited(listeners[0].1, .least)])
    #expect(await asked() == [limit(.least)])
    await room.handle([.soundLimited(listeners[1].1, .lean)])
    #expect(await asked().isEmpty)

    try await patient.disconnect()
    #expect(try await patient.resume(token).encodings == [limit(.least)])

    try await listeners[0].0.send(.leave)
    #expect(await asked() == [limit(.lean)])
    await room.handle([.soundLimited(listeners[1].1, .ample)])
    #expect(await asked() == [limit(.ample)])
  }
}
