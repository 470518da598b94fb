import Congestion
import Consultation
import MediaEngine
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("A room: voices in one stream for narrow paths")
struct VoiceMixTests {
  private final class Mix: RunningVoiceMix {
    struct State {
      var voices: [BridgeVoice] = []
      var rate: SoundRate
      var hasEnded = false
    }

    let state: Mutex<State>
    init(_ rate: SoundRate) { state = Mutex(State(rate: rate)) }
    func hear(_ voices: [BridgeVoice]) { state.withLock { $0.voices = voices } }
    func setRate(_ rate: SoundRate) { state.withLock { $0.rate = rate } }
    func end() { state.withLock { $0.hasEnded = true } }
    var dropped: UInt64 { 0 }
  }

  private final class Mixer: VoiceMixer {
    let all = Mutex<[Mix]>([])
    let refusal: RenditionRefusal?

    init(refusal: RenditionRefusal? = nil) { self.refusal = refusal }

    func mix(
      into feed: PacketFeed, payloadType: UInt8, at rate: SoundRate
    ) throws(RenditionRefusal) -> any RunningVoiceMix {
      if let refusal { throw refusal }
      let mix = Mix(rate)
      all.withLock { $0.append(mix) }
      return mix
    }

    var begun: Int { all.withLock { $0.count } }
    var running: Mix? {
      all.withLock { $0.last { mix in mix.state.withLock { !$0.hasEnded } } }
    }
  }

  private struct Scene {
    var world: TestWorld
    var room: RoomSession
    var listener: TestClient
    var speakers: [TestClient]
    var tracks: [String]
    /// Of the listener, by track.
    var subscriptions: [SubscriptionID]

    /// Until every task that the room began is over.
    func commands(until isDone: ([WorkerCommand]) -> Bool = { _ in true }) async -> [WorkerCommand]
    {
      var all: [WorkerCommand] = []
      for _ in 0..<10_000 {
        all += world.workers[0].take()
        if isDone(all) { break }
        await Task.yield()
      }
      return all
    }

    func limit(_ rate: SoundRate) async {
      await room.handle(subscriptions.map { .soundLimited($0, rate) })
    }
  }

  private func scene(
    _ mixer: Mixer, voices: Int = 2, consents: [ConsentPurpose] = []
  ) async throws -> Scene {
    var world = try await TestWorld()
    world.mix(by: mixer)
    let room = try await world.room(consents: consents)
    var speakers: [TestClient] = []
    var tracks: [String] = []
    for role in [ParticipantRole.patient, .expert, .interpreter].prefix(voices) {
      let speaker = try await world.join(room, role)
      if role == .patient, !consents.isEmpty { try await agree(speaker, true) }
      tracks.append(
        try await speaker.offer(
          OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])[0].publication)
      speakers.append(speaker)
    }
    let listener = try await world.join(room, .physician)
    _ = world.workers[0].take()
    _ = try await listener.offer(
      OfferText(tracks.indices.map { .audio("\($0)", "recvonly") }),
      tracks.enumerated().map { .subscribe("\($0)", $1) })
    let added = world.workers[0].take().compactMap {
      if case .addSubscription(let id, _) = $0 { id } else { nil }
    }
    _ = await listener.messages()
    for speaker in speakers { _ = await speaker.messages() }
    return Scene(
      world: world, room: room, listener: listener, speakers: speakers, tracks: tracks,
      subscriptions: added)
  }

  private func agree(_ client: TestClient, _ isGiven: Bool) async throws {
    try await client.send(
      .consent(
        .init(purpose: .act, about: nil, isGiven: isGiven, version: "standard-2", language: "en")))
  }

  /// What subscriptions carry after these, by number; `nil` is silence.
  private func bound(_ commands: [WorkerCommand]) -> [SubscriptionID: PublicationID?] {
    commands.reduce(into: [:]) {
      if case .bindSubscription(let id, let publication) = $1 { $0[id] = .some(publication) }
    }
  }

  private func fed(_ commands: [WorkerCommand]) -> [PublicationID] {
    commands.compactMap { if case .addFed(let id, _, _) = $0 { id } else { nil } }
  }

  private func removed(_ commands: [WorkerCommand]) -> [PublicationID] {
    commands.compactMap { if case .removePublication(let id) = $0 { id } else { nil } }
  }

  private func taps(_ commands: [WorkerCommand]) -> Int {
    commands.reduce(0) {
      switch $1 {
      case .addTap: $0 + 1
      case .removeTap: $0 - 1
      default: $0
      }
    }
  }

  private func publications(_ scene: Scene) throws -> [PublicationID] {
    try scene.tracks.map { PublicationID(rawValue: try #require(UInt64($0))) }
  }

  private func hooks(_ client: TestClient) async -> [[String]] {
    await client.messages().compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }
  }

  @Test(
    "begin when a path carries several only at the least, tell the speakers, spare their encoders, and end with room"
  )
  func whole() async throws {
    let mixer = Mixer()
    let scene = try await scene(mixer)
    await scene.limit(.lean)
    #expect(mixer.begun == 0)
    await scene.limit(.least)
    let began = await scene.commands { !fed($0).isEmpty }
    let mix = try #require(fed(began).first)
    #expect(bound(began) == [scene.subscriptions[0]: mix, scene.subscriptions[1]: nil])
    #expect(taps(began) == 2)
    let running = try #require(mixer.running)
    #expect(running.state.withLock { $0.voices.count == 2 && $0.rate == .least })
    #expect(await scene.room.room.mixes.map(\.voices.count) == [2])
    for speaker in scene.speakers {
      let messages = await speaker.messages()
      #expect(
        messages.compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }.last
          == ["mix"])
      let limits = messages.compactMap { if case .encoding(let limit) = $0 { limit } else { nil } }
      #expect(limits.last.map { $0.maxBitrate == SoundRate.ample.bitrate } ?? true)
    }
    await scene.limit(.lean)
    #expect(running.state.withLock { $0.rate } == .lean)
    _ = scene.world.workers[0].take()

    await scene.limit(.ample)
    let ended = await scene.commands { !removed($0).isEmpty }
    let own = try publications(scene)
    #expect(bound(ended) == [scene.subscriptions[0]: own[0], scene.subscriptions[1]: own[1]])
    #expect(removed(ended) == [mix] && taps(ended) == -2)
    #expect(running.state.withLock { $0.hasEnded })
    while await !scene.room.room.mixes.isEmpty { await Task.yield() }
    #expect(await hooks(scene.speakers[0]).last == [])

    // A path that comes and goes does not begin one each time.
    await scene.limit(.least)
    for _ in 0..<100 { await Task.yield() }
    #expect(mixer.begun == 1)
    scene.world.clock.advance(.seconds(11))
    await scene.limit(.least)
    _ = await scene.commands { !fed($0).isEmpty }
    #expect(mixer.begun == 2)
  }

  @Test(
    "are not made of one voice, nor where none may be made, and the speaker is asked for less as before"
  )
  func refused() async throws {
    for (mixer, voices) in [(Mixer(), 1), (Mixer(refusal: .busy), 2)] {
      let scene = try await scene(mixer, voices: voices)
      await scene.limit(.least)
      for _ in 0..<200 { await Task.yield() }
      #expect(await scene.commands().isEmpty && mixer.begun == 0)
      #expect(await scene.room.room.mixes.isEmpty)
      let limits = await scene.speakers[0].messages().compactMap {
        if case .encoding(let limit) = $0 { limit } else { nil }
      }
      #expect(limits.map(\.maxBitrate) == [SoundRate.least.bitrate])
    }
  }

  @Test(
    "end with a voice that may not be heard any more, which is never bound again, and begin anew with those left"
  )
  func withdrawn() async throws {
    let mixer = Mixer()
    let scene = try await scene(mixer, voices: 3, consents: [.act])
    await scene.limit(.least)
    let began = await scene.commands { !fed($0).isEmpty }
    #expect(bound(began).count == 3 && fed(began).count == 1)
    try await scene.speakers[1].send(.leave)
    let anew = await scene.commands { !fed($0).isEmpty }
    let own = try publications(scene)
    #expect(removed(anew).contains(fed(began)[0]) && fed(anew).count == 1)
    for case .bindSubscription(_, let publication?) in anew { #expect(publication != own[1]) }
    #expect(mixer.begun == 2)
    #expect(try #require(mixer.running).state.withLock { $0.voices.count } == 2)

    // Nobody may be heard without the patient's consent.
    try await agree(scene.speakers[0], false)
    let ended = await scene.commands { removed($0).contains(fed(anew)[0]) }
    for case .bindSubscription(_, let publication?) in ended { #expect(publication != own[0]) }
    #expect(mixer.running == nil)
  }

  @Test("end before what the listener gets is described anew, and begin again with it")
  func describedAnew() async throws {
    let mixer = Mixer()
    let scene = try await scene(mixer)
    await scene.limit(.least)
    let began = await scene.commands { !fed($0).isEmpty }
    _ = try await scene.listener.offer(
      OfferText([.audio("0", "recvonly"), .audio("1", "recvonly"), .audio("2", "sendonly")]),
      [
        .subscribe("0", scene.tracks[0]), .subscribe("1", scene.tracks[1]),
        .publish("2", "microphone"),
      ])
    let anew = await scene.commands { !fed($0).isEmpty }
    #expect(removed(anew).contains(fed(began)[0]))
    let mix = try #require(fed(anew).first)
    #expect(bound(anew) == [scene.subscriptions[0]: mix, scene.subscriptions[1]: nil])
    #expect(mixer.begun == 2)
  }

  @Test("leave with the listener, and nothing of them stays")
  func left() async throws {
    let mixer = Mixer()
    let scene = try await scene(mixer)
    await scene.limit(.least)
    _ = await scene.commands { !fed($0).isEmpty }
    try await scene.listener.send(.leave)
    while await !scene.room.room.mixes.isEmpty { await Task.yield() }
    #expect(mixer.running == nil)
    #expect(taps(await scene.commands()) == -2)
    #expect(await scene.room.mixes.isEmpty)
    #expect(await scene.room.mixPauses.isEmpty)
  }
}
