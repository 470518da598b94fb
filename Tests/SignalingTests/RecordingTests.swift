import Consultation
import Foundation
import HTTPTypes
import HummingbirdCore
import MediaEngine
import NIOCore
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("Recordings on request")
struct RecordingTests {
  /// Takes what it is told to, and gives what the test says.
  private final class Source: RecordingSource {
    struct State {
      var isFull = false
      var recorders: [Recorder] = []
    }

    let state = Mutex(State())
    var recorders: [Recorder] { state.withLock { $0.recorders } }

    func record(
      began: MediaInstant, to sink: @escaping @Sendable ([UInt8], [UInt8]) -> Void,
      finished: @escaping @Sendable () -> Void
    ) throws(RecordingRefusal) -> any ParticipantRecorder {
      let recorder = Recorder(sink: sink, finished: finished)
      let isFull = state.withLock { state in
        if !state.isFull { state.recorders.append(recorder) }
        return state.isFull
      }
      guard !isFull else { throw RecordingRefusal() }
      return recorder
    }

    /// One behind the other.
    func mix(
      _ files: [RecordedContent]
    ) throws(RecordingRefusal) -> @Sendable () async throws -> [UInt8]? {
      guard !state.withLock({ $0.isFull }) else { throw RecordingRefusal() }
      let rest = Mutex(files)
      return {
        while let file = rest.withLock({ $0.first }) {
          if let octets = try await file.next() { return octets }
          rest.withLock { _ = $0.removeFirst() }
        }
        return nil
      }
    }
  }

  private final class Recorder: ParticipantRecorder {
    struct State {
      var hasSound = false
      var hasPictures = false
      var isEnded = false
    }

    let state = Mutex(State())
    let sink: @Sendable ([UInt8], [UInt8]) -> Void
    let finished: @Sendable () -> Void

    init(
      sink: @escaping @Sendable ([UInt8], [UInt8]) -> Void,
      finished: @escaping @Sendable () -> Void
    ) {
      (self.sink, self.finished) = (sink, finished)
    }

    func setSound(_ tap: PacketTap?, bindings: [PayloadBinding]) {
      state.withLock { $0.hasSound = tap != nil }
    }

    func setPictures(
      _ tap: PacketTap?, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
    ) {
      state.withLock { $0.hasPictures = tap != nil }
    }

    func end() {
      state.withLock { $0.isEnded = true }
      finished()
    }

    var takes: Bool { state.withLock { $0.hasSound || $0.hasPictures } }
    var isEnded: Bool { state.withLock { $0.isEnded } }
  }

  private struct Scene {
    var world: TestWorld
    var source: Source
    var shelf: RecordingShelf
    var room: RoomSession
    var patient: TestClient
    var physician: TestClient
    var patientPeer: PeerID
  }

  private func scene(_ limits: RecordingLimits = RecordingLimits()) async throws -> Scene {
    var world = try await TestWorld()
    let source = Source()
    let shelf = try RecordingShelf(
      folder: FileManager.default.temporaryDirectory.path + "/recordings-\(UUID())", limits: limits
    )
    world.record(by: source, shelf)
    let room = try await world.room(consents: [.recording])
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    for client in [patient, physician] {
      _ = try await client.offer(
        OfferText([.audio("0", "sendonly"), .video("1", "sendonly")]),
        [.publish("0", "microphone"), .publish("1", "camera")])
    }
    _ = await (patient.messages(), physician.messages())
    let peers = world.workers[0].take().peersAdded
    return Scene(
      world: world, source: source, shelf: shelf, room: room, patient: patient,
      physician: physician, patientPeer: try #require(peers.first))
  }

  private func agree(_ isGiven: Bool) -> ClientMessage.Body {
    .consent(
      .init(
        purpose: .recording, about: nil, isGiven: isGiven, version: "standard-1", language: "en"))
  }

  /// Both agree, and it begins.
  private func begin(_ scene: Scene) async throws {
    for client in [scene.patient, scene.physician] { try await client.send(agree(true)) }
    _ = await (scene.patient.messages(), scene.physician.messages())
    try await scene.physician.send(.record(isActive: true), re: "r")
  }

  private func states(_ messages: [ServerMessage]) -> [String] {
    messages.compactMap {
      if case .recording(let state, _, let reason, _) = $0 {
        state + (reason.map { " " + $0 } ?? "")
      } else {
        nil
      }
    }
  }

  /// Who is said to send a picture that is not recorded.
  private func soundOnly(_ messages: [ServerMessage]) -> [[String]] {
    messages.compactMap {
      if case .recording(_, _, _, let soundOnly) = $0 { soundOnly } else { nil }
    }
  }

  private func taps(_ worker: TestWorker) -> (added: Int, removed: Int) {
    let commands = worker.take()
    return (
      commands.count { if case .addTap = $0 { true } else { false } },
      commands.count { if case .removeTap = $0 { true } else { false } }
    )
  }

  @Test("nothing is tapped without every consent; with them everyone is, and everyone is told")
  func begins() async throws {
    let scene = try await scene()
    let record = ClientMessage.Body.record(isActive: true)
    #expect(await scene.physician.refusal(of: record) == .wrongState)
    #expect(await scene.patient.refusal(of: record) == .forbidden)
    try await scene.physician.send(agree(true))
    #expect(await scene.physician.refusal(of: record) == .wrongState)
    #expect(taps(scene.world.workers[0]) == (0, 0) && scene.source.recorders.isEmpty)
    try await begin(scene)
    let told = await scene.patient.messages()
    #expect(states(told) == ["on"])
    #expect(states(await scene.physician.messages()) == ["on"])
    let hooks = told.compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }
    #expect(hooks == [["recording"], ["recording"]])
    #expect(taps(scene.world.workers[0]) == (4, 0))
    #expect(scene.source.recorders.map(\.takes) == [true, true])
    #expect(await scene.physician.refusal(of: record) == .wrongState)
  }

  @Test("of a camera of H.264 nothing is taken, and everyone is told so until it is gone")
  func h264() async throws {
    let scene = try await scene()
    var camera = OfferText.Section.video("1", "sendonly")
    camera.formats = "102 103"
    camera.lines.removeAll { $0.contains(":96 ") || $0.contains(":97 ") }
    let relative = TestClient(scene.room)
    try await relative.join(scene.world.token(.relative))
    try await relative.send(agree(true))
    try await begin(scene)
    #expect(soundOnly(await scene.physician.messages()) == [[]])
    #expect(taps(scene.world.workers[0]) == (4, 0))
    _ = try await relative.offer(
      OfferText([.audio("0", "sendonly"), camera]),
      [.publish("0", "microphone"), .publish("1", "camera")])
    let id = try relative.id.rawValue
    for client in [scene.patient, scene.physician] {
      let told = await client.messages()
      #expect(soundOnly(told).last == [id] && states(told).allSatisfy { $0 == "on" })
    }
    // Of the relative the microphone alone.
    #expect(taps(scene.world.workers[0]) == (1, 0))
    let newcomer = TestClient(scene.room)
    let joined = try await newcomer.join(scene.world.token(.interpreter))
    #expect(joined.recording == "paused" && joined.soundOnly == [id])
    _ = await scene.physician.messages()
    try await relative.send(.leave)
    #expect(soundOnly(await scene.physician.messages()) == [[]])
  }

  @Test("what is encrypted end to end is on the roster, ends a recording and refuses the next")
  func encrypted() async throws {
    let scene = try await scene()
    let relative = TestClient(scene.room)
    try await relative.join(scene.world.token(.relative))
    try await relative.send(agree(true))
    try await begin(scene)
    _ = await (scene.patient.messages(), scene.physician.messages())
    let tracks: [ClientMessage.TrackRequest] = [
      .init(mid: "0", use: .publish(source: "microphone", muted: nil, isEncrypted: true))
    ]
    _ = try await relative.offer(OfferText([.audio("0", "sendonly")]), tracks)
    let told = await scene.physician.messages()
    #expect(states(told) == ["off encrypted"])
    let published = told.compactMap {
      if case .published(_, let publication, _) = $0 { publication.encrypted } else { nil }
    }
    #expect(published == [true])
    #expect(scene.source.recorders.allSatisfy { $0.isEnded && !$0.takes })
    #expect(await scene.physician.refusal(of: .record(isActive: true)) == .encrypted)
    // It is for all of a publication: whoever offers again may leave it out, and cannot take it back.
    let again = [
      ClientMessage.TrackRequest(
        mid: "0", use: .publish(source: "microphone", muted: nil, isEncrypted: false))
    ]
    await #expect(throws: (any Error).self) {
      try await relative.offer(OfferText([.audio("0", "sendonly")]), again)
    }
    _ = try await relative.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])
    #expect(await scene.physician.refusal(of: .record(isActive: true)) == .encrypted)
    try await relative.send(.leave)
    #expect(await scene.physician.refusal(of: .record(isActive: true)) == nil)
  }

  @Test("withdrawing ends it: the worker is told with the message itself, everyone why")
  func withdrawn() async throws {
    let scene = try await scene()
    try await begin(scene)
    _ = await (scene.patient.messages(), scene.physician.messages())
    _ = scene.world.workers[0].take()
    try await scene.patient.send(agree(false))
    #expect(taps(scene.world.workers[0]) == (0, 4))
    #expect(states(await scene.physician.messages()) == ["off consent"])
    #expect(scene.source.recorders.allSatisfy { $0.isEnded && !$0.takes })
    await scene.shelf.settle()
    let files = try await scene.world.store.files(of: scene.room.id)
    #expect(files.isEmpty, "nothing was taken")
  }

  @Test("who comes pauses it before being there, and sees so; an answer lets it go on")
  func newcomer() async throws {
    let scene = try await scene()
    try await begin(scene)
    _ = await (scene.patient.messages(), scene.physician.messages())
    _ = scene.world.workers[0].take()
    let relative = TestClient(scene.room)
    let joined = try await relative.join(scene.world.token(.relative))
    #expect(joined.recording == "paused")
    #expect(states(await scene.patient.messages()) == ["paused"])
    #expect(taps(scene.world.workers[0]) == (0, 4))
    #expect(scene.source.recorders.allSatisfy { !$0.takes && !$0.isEnded })
    try await relative.send(agree(true))
    #expect(states(await scene.patient.messages()) == ["on"])
    #expect(taps(scene.world.workers[0]) == (4, 0))
    #expect(scene.source.recorders.count == 2)
  }

  @Test("who comes again after their media connection failed is recorded again")
  func failure() async throws {
    let scene = try await scene()
    try await begin(scene)
    let worker = scene.world.workers[0]
    _ = worker.take()
    await scene.world.directory.handle([.peerFailed(scene.patientPeer, .consentExpired)])
    #expect(scene.source.recorders.map(\.takes).sorted { !$0 && $1 } == [false, true])
    _ = worker.take()
    _ = try await scene.patient.offer(
      OfferText([.audio("0", "sendonly"), .video("1", "sendonly")]),
      [.publish("0", "microphone"), .publish("1", "camera")])
    #expect(scene.source.recorders.map(\.takes) == [true, true])
    #expect(taps(worker) == (2, 0))
  }

  @Test("what was taken is in the record with its sum, also when the consultation ends with it")
  func kept() async throws {
    let scene = try await scene()
    try await begin(scene)
    for recorder in scene.source.recorders { recorder.sink([1, 2], [3, 4, 5]) }
    try await scene.physician.send(.end)
    await scene.shelf.settle()
    let files = try await scene.world.store.files(of: scene.room.id)
    #expect(files.map(\.type) == [.webm, .webm] && files.map(\.size) == [5, 5])
    // Of the five octets 1 to 5.
    #expect(files.allSatisfy { $0.sha256.hasPrefix("74f81fe167d99b4cb41d6d0ccda82278") })
    #expect(Set(files.map(\.owner)).count == 2)
    for file in files { #expect(await scene.shelf.contains(file.id, in: scene.room.id)) }
  }

  @Test("is fetched as one, by who may fetch its files, once all are closed")
  func mixed() async throws {
    let scene = try await scene()
    try await begin(scene)
    for recorder in scene.source.recorders { recorder.sink([1, 2], [3, 4, 5]) }
    try await scene.physician.send(.end)
    await scene.shelf.settle()
    let file = try #require(await scene.world.store.files(of: scene.room.id).first)
    let front = HTTPFront(scene.world.services)
    func fetch(_ query: String, _ role: ParticipantRole) async throws -> HTTPReply {
      let token = scene.world.token(role, in: role == .backend ? nil : scene.room.id.rawValue)
      let bearer = try await scene.world.text(token)
      return await front.respond(
        to: HTTPCall(
          method: .get, target: "/v1/consultations/\(scene.room.id)/files/\(file.id)" + query,
          headers: [.authorization: "Bearer " + bearer],
          authority: "visavis.test", isTLS: false, client: IPAddress(v4: 0xC000_0201),
          content: RequestBody(buffer: ByteBuffer())))
    }
    func octets(_ reply: HTTPReply) async throws -> [UInt8] {
      var octets: [UInt8] = []
      while let part = try await reply.parts?() { octets += part }
      return octets
    }
    let alone = try await fetch("", .backend)
    #expect(try await octets(alone) == [1, 2, 3, 4, 5])
    let reply = try await fetch("?mixed=true", .backend)
    #expect(reply.status == .ok && reply.headers[.contentType] == "video/webm")
    #expect(try await octets(reply) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    #expect(try await fetch("?mixed=true", .physician).status == .forbidden)
    #expect(try await fetch("?mixed=perhaps", .backend).status == .badRequest)
    // One of them is still being written.
    let label = SealedRecording.Label(
      file: try #require(FileID(rawValue: "f_late")), consultation: scene.room.id,
      participant: file.owner, began: file.at, keptUntil: try #require(file.keptUntil))
    scene.shelf.append(to: label, key: [UInt8](repeating: 1, count: 32), header: [1], contents: [2])
    { _ in }
    #expect(try await fetch("?mixed=true", .backend).status == .conflict)
    // Closed, and not in the record yet: it would be missing.
    _ = try await scene.shelf.finish(label.file)
    #expect(try await fetch("?mixed=true", .backend).status == .conflict)
    await scene.shelf.discard(label.file)
    #expect(try await fetch("?mixed=true", .backend).status == .ok)
    scene.source.state.withLock { $0.isFull = true }
    #expect(try await fetch("?mixed=true", .backend).status == .serviceUnavailable)
  }

  @Test("where it cannot be written it ends for all, and everyone is told")
  func full() async throws {
    var limits = RecordingLimits()
    limits.total = 10
    let scene = try await scene(limits)
    try await begin(scene)
    _ = await scene.patient.messages()
    scene.source.recorders[0].sink([1], [UInt8](repeating: 1, count: 100))
    var told: [String] = []
    while told.isEmpty {
      told = states(await scene.patient.messages())
      await Task.yield()
    }
    #expect(told == ["off limit"])
    #expect(scene.source.recorders.allSatisfy { $0.isEnded })
  }

  @Test("where nobody can make a file it ends, since nobody may believe that it goes on")
  func busy() async throws {
    let scene = try await scene()
    scene.source.state.withLock { $0.isFull = true }
    try await begin(scene)
    var told: [String] = []
    while told.count < 2 {
      told += states(await scene.patient.messages())
      await Task.yield()
    }
    #expect(told == ["on", "off storage"])
  }

  @Test("one that has become too long ends")
  func long() async throws {
    var limits = RecordingLimits()
    limits.seconds = 60
    let scene = try await scene(limits)
    try await begin(scene)
    _ = await scene.patient.messages()
    scene.world.clock.advance(.seconds(59))
    await scene.room.handleTimeout(at: scene.world.clock.now)
    #expect(states(await scene.patient.messages()).isEmpty)
    scene.world.clock.advance(.seconds(2))
    await scene.room.handleTimeout(at: scene.world.clock.now)
    #expect(states(await scene.patient.messages()) == ["off limit"])
  }
}
