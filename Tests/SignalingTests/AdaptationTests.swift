import Congestion
import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("A room: what narrow paths take")
struct AdaptationTests {
  private struct Call {
    let room: RoomSession
    let worker: TestWorker
    let patient: TestClient
    /// The patient's, to resume with.
    let token: String
    let physician: TestClient
    let publication: String
    let subscription: SubscriptionID
    let adaptation: Adaptation

    /// The patient publishes a picture, the physician views it.
    init(source: String = "camera") async throws {
      let world = try await TestWorld()
      room = try await world.room()
      worker = world.workers[0]
      patient = TestClient(room)
      token = try await patient.join(world.token(.patient)).resumeToken
      physician = try await world.join(room, .physician)
      publication = try #require(
        await patient.offer(
          OfferText([.video("0", "sendonly")]), [.publish("0", source)]
        ).first?.publication)
      _ = worker.take()
      _ = try await physician.offer(
        OfferText([.video("0", "recvonly")]), [.subscribe("0", publication)])
      subscription = try #require(worker.take().viewing.first)
      _ = await patient.messages()
      _ = await physician.messages()
      adaptation = Adaptation(
        viewer: try physician.id.rawValue, participant: try patient.id.rawValue,
        publication: publication, step: .videoOff, reason: .bandwidth)
    }

    func adapt(_ step: LadderStep, _ reason: LadderReason = .bandwidth) async {
      await room.handle([.subscriptionAdapted(subscription, step, reason)])
    }
  }

  @Test("each step is told to the viewer and to who publishes, and to nobody else")
  func bothSides() async throws {
    let call = try await Call()
    await call.adapt(.videoOff)
    #expect(await call.physician.messages() == [.adapted(call.adaptation)])
    #expect(await call.patient.messages() == [.adapted(call.adaptation)])
    // The same again is no news.
    await call.adapt(.videoOff)
    #expect(await call.physician.messages().isEmpty)
    await call.adapt(.full, .recovered)
    #expect(await call.physician.messages() == [.adapted(call.adaptation.ended)])
    #expect(await call.patient.messages() == [.adapted(call.adaptation.ended)])
    await call.adapt(.full, .recovered)
    #expect(await call.patient.messages().isEmpty)
  }

  @Test(
    "what a camera gives up first is size, a screen frames",
    arguments: [("camera", Adaptation.Step.lowerLayer), ("screen", .fewerFrames)])
  func priority(source: String, step: Adaptation.Step) async throws {
    let call = try await Call(source: source)
    await call.adapt(.reduced)
    var expected = call.adaptation
    expected.step = step
    #expect(await call.patient.messages() == [.adapted(expected)])
  }

  @Test("who resumes is told what is true")
  func resumed() async throws {
    let call = try await Call()
    await call.adapt(.audioOnly, .loss)
    _ = await call.patient.messages()
    var expected = call.adaptation
    (expected.step, expected.reason) = (.audioOnly, .loss)
    try await call.patient.disconnect()
    #expect(try await call.patient.resume(call.token).adapted == [expected])
  }

  @Test("it is over when the viewer stops viewing, and when the viewer leaves")
  func over() async throws {
    let call = try await Call()
    await call.adapt(.videoOff)
    _ = await call.patient.messages()
    try await call.physician.send(.unsubscribe(publication: call.publication))
    #expect(await call.patient.messages().last == .adapted(call.adaptation.ended))

    let other = try await Call()
    await other.adapt(.videoOff)
    _ = await other.patient.messages()
    try await other.physician.send(.leave)
    #expect(await other.patient.messages().contains(.adapted(other.adaptation.ended)))
    #expect(await other.room.adaptations.isEmpty)
  }

  @Test("an event about a subscription that is gone is of no consequence")
  func late() async throws {
    let call = try await Call()
    await call.room.handle([
      .subscriptionAdapted(SubscriptionID(rawValue: 77), .videoOff, .bandwidth)
    ])
    #expect(await call.patient.messages().isEmpty)
  }
}

extension [WorkerCommand] {
  fileprivate var viewing: [SubscriptionID] {
    compactMap { if case .addSubscription(let id, _) = $0 { id } else { nil } }
  }
}
