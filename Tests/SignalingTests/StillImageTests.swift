import Consultation
import Foundation
import MediaEngine
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("Still images on request")
struct StillImageTests {
  /// Gives what it is told to, once the test says so.
  private final class Source: StillImageSource {
    struct State {
      var result: Result<[UInt8], StillImageRefusal>?
      var bindings: [PayloadBinding] = []
      var isAsked = false
      var isCancelled = false
    }

    let state = Mutex(State())

    func still(
      from tap: PacketTap, bindings: [PayloadBinding],
      askKeyframe: @escaping @Sendable () -> Void
    ) async throws(StillImageRefusal) -> [UInt8] {
      state.withLock {
        $0.isAsked = true
        $0.bindings = bindings
      }
      askKeyframe()
      while !Task.isCancelled {
        if let result = state.withLock({ $0.result }) { return try result.get() }
        await Task.yield()
      }
      state.withLock { $0.isCancelled = true }
      throw .noPicture
    }
  }

  private static let png: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + [1, 2, 3, 4]
  private let sending = OfferText([.video("0", "sendonly")])

  private struct Scene {
    var world: TestWorld
    var room: ConsultationID
    var patient: TestClient
    var physician: TestClient
    var track: String
  }

  private func scene(_ source: Source) async throws -> Scene {
    var world = try await TestWorld()
    let folder = FileManager.default.temporaryDirectory.path + "/stills-\(UUID())"
    try world.share(in: folder, FileLimits(), stills: source)
    let room = try await world.room(consents: [.imageCapture])
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    let track = try await patient.offer(sending, [.publish("0", "camera")])[0].publication
    _ = await (patient.messages(), physician.messages())
    _ = world.workers[0].take()
    return Scene(world: world, room: room.id, patient: patient, physician: physician, track: track)
  }

  private func agree(_ isGiven: Bool) -> ClientMessage.Body {
    .consent(
      .init(
        purpose: .imageCapture, about: nil, isGiven: isGiven, version: "standard-1", language: "en")
    )
  }

  private func hooks(_ messages: [ServerMessage]) -> [[String]] {
    messages.compactMap { if case .hooks(_, let hooks) = $0 { hooks } else { nil } }
  }

  private func taps(_ worker: TestWorker) -> [String] {
    worker.take().compactMap {
      switch $0 {
      case .addTap: "add"
      case .removeTap: "remove"
      case .askKeyframe: "ask"
      default: nil
      }
    }
  }

  @Test("nothing is decoded without the consent; with it the picture is a file for both")
  func shared() async throws {
    let source = Source()
    let scene = try await scene(source)
    let capture = ClientMessage.Body.capture(publication: scene.track)
    #expect(await scene.physician.refusal(of: capture) == .wrongState)
    #expect(taps(scene.world.workers[0]).isEmpty && !source.state.withLock { $0.isAsked })
    try await scene.patient.send(agree(true))
    _ = await (scene.patient.messages(), scene.physician.messages())
    #expect(await scene.patient.refusal(of: capture) == .forbidden)

    try await scene.physician.send(capture, re: "p")
    #expect(hooks(await scene.patient.messages()) == [["still-image"]])
    source.state.withLock { $0.result = .success(Self.png) }
    var seen: [ServerMessage] = []
    while seen.last != .accepted(re: "p") {
      seen += await scene.physician.messages()
      await Task.yield()
    }
    #expect(hooks(seen) == [["still-image"], []])
    let told = await scene.patient.messages()
    for messages in [seen, told] {
      let files = messages.compactMap { if case .file(let entry) = $0 { entry } else { nil } }
      #expect(files.map(\.size) == [Self.png.count] && files.map(\.type) == ["image/png"])
    }
    #expect(taps(scene.world.workers[0]) == ["add", "ask", "remove"])
    #expect(source.state.withLock { $0.bindings }.contains { $0.codec == .vp8 })
    let kept = try await scene.world.store.files(of: scene.room)
    #expect(kept.count == 1 && kept[0].sha256.count == 64)
  }

  @Test("withdrawing the consent ends it at once and leaves nothing")
  func withdrawn() async throws {
    let source = Source()
    let scene = try await scene(source)
    try await scene.patient.send(agree(true))
    try await scene.physician.send(.capture(publication: scene.track), re: "p")
    while !source.state.withLock({ $0.isAsked }) { await Task.yield() }
    _ = await scene.physician.messages()
    try await scene.patient.send(agree(false))
    #expect(taps(scene.world.workers[0]).contains("remove"))
    var seen: [ServerMessage] = []
    func isAnswered() -> Bool {
      seen.contains { if case .error(_, _, let re) = $0 { re == "p" } else { false } }
    }
    while !isAnswered() {
      seen += await scene.physician.messages()
      await Task.yield()
    }
    #expect(source.state.withLock { $0.isCancelled })
    #expect(hooks(seen) == [[]])
    #expect(try await scene.world.store.files(of: scene.room).isEmpty)
  }

  @Test("where no picture comes the physician is told so, and may ask again")
  func nothing() async throws {
    let source = Source()
    let scene = try await scene(source)
    try await scene.patient.send(agree(true))
    source.state.withLock { $0.result = .failure(.codec) }
    for re in ["1", "2"] {
      try await scene.physician.send(.capture(publication: scene.track), re: re)
      var isAnswered = false
      while !isAnswered {
        isAnswered = await scene.physician.messages().contains {
          if case .error(let error, false, let of) = $0 {
            error.code == .wrongState && of == re
          } else {
            false
          }
        }
        await Task.yield()
      }
    }
  }
}
