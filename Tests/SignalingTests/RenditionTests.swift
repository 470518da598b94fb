import Consultation
import MediaEngine
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("A room: smaller pictures for narrow paths")
struct RenditionTests {
  private final class Hook: RunningHook {
    let hasEnded = Mutex(false)
    func end() { hasEnded.withLock { $0 = true } }
    var dropped: UInt64 { 0 }
  }

  private final class Maker: RenditionMaker {
    let hooks = Mutex<[Hook]>([])
    let refusal: RenditionRefusal?

    init(refusal: RenditionRefusal? = nil) { self.refusal = refusal }

    func begin(
      from tap: PacketTap, into feed: PacketFeed, bindings: [PayloadBinding],
      askKeyframe: @escaping @Sendable () -> Void
    ) throws(RenditionRefusal) -> any RunningHook {
      if let refusal { throw refusal }
      #expect(bindings.contains { $0.codec == .vp8 })
      let hook = Hook()
      hooks.withLock { $0.append(hook) }
      return hook
    }

    var figures: HookFigures { HookFigures(running: running, dropped: 0) }
    var running: Int { hooks.withLock { $0.count { !$0.hasEnded.withLock { $0 } } } }
    var begun: Int { hooks.withLock { $0.count } }
  }

  private struct Scene {
    var world: TestWorld
    var room: RoomSession
    var patient: TestClient
    var physician: TestClient
    var track: String
    var publication: PublicationID
  }

  private func scene(_ maker: Maker, consents: [ConsentPurpose] = []) async throws -> Scene {
    var world = try await TestWorld()
    world.render(maker)
    let room = try await world.room(consents: consents)
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let track = try await patient.offer(
      OfferText([.video("0", "sendonly")]), [.publish("0", "camera")])[0].publication
    _ = await (patient.messages(), physician.messages())
    _ = world.workers[0].take()
    return Scene(
      world: world, room: room, patient: patient, physician: physician, track: track,
      publication: PublicationID(rawValue: try #require(UInt64(track))))
  }

  private func hooks(_ messages: [ServerMessage]) -> [[String]] {
    messages.compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }
  }

  private func commands(_ scene: Scene) -> [String] {
    scene.world.workers[0].take().compactMap {
      switch $0 {
      case .addTap: "tap"
      case .removeTap: "no tap"
      case .addRendition: "feed"
      case .removeRendition: "no feed"
      default: nil
      }
    }
  }

  @Test(
    "begin and end as the worker needs them, on everybody's roster and in the log before anything is decoded"
  )
  func needed() async throws {
    let maker = Maker()
    let scene = try await scene(maker)
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.running == 1 && commands(scene) == ["tap", "feed"])
    for client in [scene.patient, scene.physician] {
      #expect(hooks(await client.messages()) == [["downscale"]])
    }
    // Told again while it did not come.
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.begun == 1)
    let late = try await scene.world.join(scene.room, .relative)
    _ = await late.messages()
    await scene.room.handle([.renditionNeeded(scene.publication, false)])
    #expect(maker.running == 0 && commands(scene) == ["no tap", "no feed"])
    #expect(hooks(await scene.patient.messages()).last == [])
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.running == 1 && maker.begun == 2)
  }

  @Test("end with the mute, before the mute is written, and with the one who publishes")
  func ends() async throws {
    let maker = Maker()
    let scene = try await scene(maker)
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    _ = await scene.physician.messages()
    try await scene.patient.send(.mute(publication: scene.track, muted: true))
    #expect(maker.running == 0)
    var told: [[String]] = []
    while told.isEmpty {
      told = hooks(await scene.physician.messages())
      await Task.yield()
    }
    #expect(told == [[]])
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.running == 0, "of what is muted nothing is made")
    try await scene.patient.send(.mute(publication: scene.track, muted: false))
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.running == 1)
    try await scene.patient.send(.leave)
    #expect(maker.running == 0)
  }

  @Test("need the consent to the act, and end when it is withdrawn")
  func consent() async throws {
    let maker = Maker()
    let scene = try await scene(maker, consents: [.act])
    func answer(_ isGiven: Bool) -> ClientMessage.Body {
      .consent(
        .init(purpose: .act, about: nil, isGiven: isGiven, version: "standard-2", language: "en"))
    }
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.begun == 0 && commands(scene).isEmpty)
    try await scene.patient.send(answer(true))
    await scene.room.handle([.renditionNeeded(scene.publication, true)])
    #expect(maker.running == 1)
    try await scene.patient.send(answer(false))
    #expect(maker.running == 0 && commands(scene) == ["tap", "feed", "no tap", "no feed"])
  }

  @Test("where none may be made, or the codec is another, nothing is told and nothing begins")
  func refused() async throws {
    for refusal in [RenditionRefusal.busy, .codec] {
      let scene = try await scene(Maker(refusal: refusal))
      await scene.room.handle([.renditionNeeded(scene.publication, true)])
      #expect(commands(scene).isEmpty)
      #expect(hooks(await scene.physician.messages()).isEmpty)
      #expect(await scene.room.room.renditions.isEmpty)
    }
  }
}
