import Consultation
import MediaEngine
import Quality
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("A room: how loud microphones are")
struct LoudnessTests {
  private final class Measurement: RunningMeasurement {
    let hasEnded = Mutex(false)
    func end() { hasEnded.withLock { $0 = true } }
    var dropped: UInt64 { 0 }
    var heard: HeardSample? { HeardSample(frames: 50, loudness: -23, truePeak: -3, clipped: 0) }
  }

  private final class Meter: LoudnessMeter {
    let all = Mutex<[Measurement]>([])
    let refusal: LoudnessRefusal?
    private let questions = Atomic<Int>(0)

    init(refusal: LoudnessRefusal? = nil) { self.refusal = refusal }

    func measure(
      _ tap: PacketTap, bindings: [PayloadBinding]
    ) throws(LoudnessRefusal) -> any RunningMeasurement {
      questions.add(1, ordering: .relaxed)
      if let refusal { throw refusal }
      #expect(bindings.contains { $0.codec == .opus })
      let measurement = Measurement()
      all.withLock { $0.append(measurement) }
      return measurement
    }

    var running: Int { all.withLock { $0.count { !$0.hasEnded.withLock { $0 } } } }
    var asked: Int { questions.load(ordering: .relaxed) }
    var begun: Int { all.withLock { $0.count } }
  }

  private struct Scene {
    var world: TestWorld
    var room: RoomSession
    var patient: TestClient
    var physician: TestClient
    var track: String
    var publication: PublicationID
    var patientID: ParticipantID

    /// Until it is so: what begins and ends by itself does so in a task of its own.
    func hooks(become expected: [String]?) async {
      while await room.room.hooks(of: patientID) != expected { await Task.yield() }
    }

    var commands: [String] {
      world.workers[0].take().compactMap {
        switch $0 {
        case .addTap(publication, _): "tap"
        case .removeTap(publication, _): "no tap"
        default: nil
        }
      }
    }
  }

  private func scene(_ meter: Meter, consents: [ConsentPurpose] = []) async throws -> Scene {
    var world = try await TestWorld()
    world.measure(by: meter)
    let room = try await world.room(consents: consents)
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await (patient.messages(), physician.messages())
    let track = try await patient.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])[0].publication
    let id = try #require(await room.room.roster.first { $0.role == .patient }?.id)
    return Scene(
      world: world, room: room, patient: patient, physician: physician, track: track,
      publication: PublicationID(rawValue: try #require(UInt64(track))), patientID: id)
  }

  private func hooks(_ messages: [ServerMessage]) -> [[String]] {
    messages.compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }
  }

  @Test("are measured from when they are published, on the roster, through mutes, until they go")
  func whole() async throws {
    let meter = Meter()
    let scene = try await scene(meter)
    await scene.hooks(become: ["loudness"])
    #expect(meter.running == 1 && scene.commands == ["tap"])
    #expect(hooks(await scene.physician.messages()) == [["loudness"]])
    #expect(await scene.room.media.people.first { $0.id == scene.patientID }?.heard != nil)
    try await scene.patient.send(.mute(publication: scene.track, muted: true))
    #expect(meter.running == 1)
    #expect(await scene.room.media.people.first { $0.id == scene.patientID }?.heard == nil)
    try await scene.patient.send(.mute(publication: scene.track, muted: false))
    #expect(meter.begun == 1 && scene.commands.isEmpty)
    #expect(await scene.room.media.people.first { $0.id == scene.patientID }?.heard != nil)
    try await scene.patient.send(.leave)
    #expect(meter.running == 0)
  }

  @Test("are not measured in an aside, and are again after it")
  func aside() async throws {
    let meter = Meter()
    let scene = try await scene(meter)
    await scene.hooks(become: ["loudness"])
    _ = scene.commands
    try await scene.physician.send(.aside(isActive: true))
    #expect(meter.running == 0 && scene.commands == ["no tap"])
    await scene.hooks(become: nil)
    try await scene.physician.send(.aside(isActive: false))
    await scene.hooks(become: ["loudness"])
    #expect(meter.running == 1 && meter.begun == 2 && scene.commands == ["tap"])
  }

  @Test("are measured again when they come again after their media connection failed")
  func failure() async throws {
    let meter = Meter()
    let scene = try await scene(meter)
    await scene.hooks(become: ["loudness"])
    let peer = try #require(scene.world.workers[0].take().peersAdded.first)
    await scene.world.directory.handle([.peerFailed(peer, .consentExpired)])
    #expect(meter.running == 0 && scene.commands == ["no tap"])
    await scene.hooks(become: nil)
    _ = try await scene.patient.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])
    await scene.hooks(become: ["loudness"])
    #expect(meter.running == 1 && meter.begun == 2 && scene.commands == ["tap"])
  }

  @Test("need the consent to the act, and end when it is withdrawn")
  func consent() async throws {
    let meter = Meter()
    let scene = try await scene(meter, consents: [.act])
    func answer(_ isGiven: Bool) -> ClientMessage.Body {
      .consent(
        .init(purpose: .act, about: nil, isGiven: isGiven, version: "standard-2", language: "en"))
    }
    #expect(meter.begun == 0 && scene.commands.isEmpty)
    try await scene.patient.send(answer(true))
    await scene.hooks(become: ["loudness"])
    #expect(meter.running == 1)
    try await scene.patient.send(answer(false))
    #expect(meter.running == 0 && scene.commands == ["tap", "no tap"])
    await scene.hooks(become: nil)
  }

  @Test("where none may be measured nothing is told and nothing begins")
  func refused() async throws {
    for refusal in [LoudnessRefusal.busy, .codec] {
      let meter = Meter(refusal: refusal)
      let scene = try await scene(meter)
      while meter.asked == 0 { await Task.yield() }
      // Comes after what was refused.
      try await scene.physician.send(.chat(text: "here"))
      #expect(scene.commands.isEmpty)
      #expect(hooks(await scene.physician.messages()).isEmpty)
      #expect(await scene.room.room.measurements.isEmpty)
    }
  }
}
