import Consultation
import Foundation
import HTTPTypes
import MediaEngine
import Synchronization
import Testing
import Wire

@testable import Signaling

@Suite("Bridges on request")
struct BridgeTests {
  private final class Running: RunningBridge {
    struct State {
      var voices: [BridgeVoice] = []
      var hasEnded = false
    }

    let state = Mutex(State())
    let wish: BridgeWish
    let feed: PacketFeed?

    init(_ wish: BridgeWish, _ feed: PacketFeed?) { (self.wish, self.feed) = (wish, feed) }

    var local: TransportAddress { TransportAddress(ip: IPAddress(v4: 0x0A14_0001), port: 4711) }
    func hear(_ sources: [BridgeVoice]) { state.withLock { $0.voices = sources } }
    var figures: BridgeFigures {
      BridgeFigures(sent: 5, received: 4, refused: 3, excess: 2, strange: 1, dropped: 0)
    }
    func end() { state.withLock { $0.hasEnded = true } }

    var heard: Int { state.withLock { $0.voices.count } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
  }

  private final class Source: BridgeSource {
    let all = Mutex<[Running]>([])
    let refusal: BridgeRefusal?

    init(_ refusal: BridgeRefusal? = nil) { self.refusal = refusal }

    func open(
      _ wish: BridgeWish, into feed: PacketFeed?
    ) throws(BridgeRefusal) -> any RunningBridge {
      if let refusal { throw refusal }
      let running = Running(wish, feed)
      all.withLock { $0.append(running) }
      return running
    }

    var last: Running? { all.withLock { $0.last } }
  }

  private static let path = "/v1/consultations/consultation/bridges"
  private static let body =
    #"{"role":"interpreter","name":"Line 1","payloadType":111,"remote":{"address":"10.20.0.5","port":4000}}"#

  private struct Scene {
    var server: TestHTTPServer
    var room: RoomSession
    var patient: TestClient
    var physician: TestClient

    func agree(_ client: TestClient, _ isGiven: Bool = true) async throws {
      try await client.send(
        .consent(
          .init(
            purpose: .bridge, about: nil, isGiven: isGiven, version: "standard-1", language: "en")))
    }

    /// Until it is so: a publication follows in a task of its own.
    func published(_ id: String) async throws -> PublicationID {
      let participant = try #require(ParticipantID(rawValue: id))
      while true {
        if let track = await room.room[participant]?.publications.first?.track {
          return PublicationID(rawValue: track.rawValue)
        }
        await Task.yield()
      }
    }
  }

  private func scene(
    _ source: Source?, consents: [ConsentPurpose] = [.bridge]
  ) async throws -> Scene {
    var world = try await TestWorld()
    if let source { world.bridge(by: source) }
    let server = TestHTTPServer(world)
    let room = try await world.room(consents: consents)
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = try await patient.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])
    return Scene(server: server, room: room, patient: patient, physician: physician)
  }

  @Test("are on the roster, hear who agreed, are heard, and end at once when somebody withdraws")
  func whole() async throws {
    let source = Source()
    let scene = try await scene(source)
    _ = await (scene.patient.messages(), scene.physician.messages())
    _ = scene.server.world.workers[0].take()
    let reply = try await scene.server.call(
      .post, Self.path, scene.server.backend, body: Self.body)
    #expect(reply.status == .created)
    let view = try scene.server.json(reply)
    let id = try #require(view["participant"] as? String)
    #expect(view["state"] as? String == "paused" && view["encrypted"] as? Bool == false)
    #expect((view["local"] as? [String: Any])?["port"] as? Int == 4711)
    #expect(reply.headers[.location]?.hasSuffix(Self.path + "/" + id) == true)
    let running = try #require(source.last)
    #expect(running.wish.remote.port == 4000 && running.wish.sends && running.feed != nil)
    let joined = await scene.patient.messages().compactMap {
      if case .participantJoined(let entry) = $0 { entry } else { nil }
    }
    #expect(joined.map(\.kind) == ["bridge"] && joined.map(\.name) == ["Line 1"])
    let publication = try await scene.published(id)
    #expect(running.heard == 0)

    try await scene.agree(scene.patient)
    #expect(running.heard == 0)
    try await scene.agree(scene.physician)
    #expect(running.heard == 1)
    let commands = scene.server.world.workers[0].take()
    #expect(commands.contains { if case .addTap = $0 { true } else { false } })
    #expect(
      commands.contains {
        if case .addFed(publication, let feed, _) = $0 { feed === running.feed } else { false }
      })
    #expect(
      await scene.physician.messages().contains {
        if case .published(id, let one, _) = $0 { one.source == "microphone" } else { false }
      })

    try await scene.agree(scene.patient, false)
    #expect(running.hasEnded && running.heard == 0)
    let last = scene.server.world.workers[0].take()
    #expect(last.contains { if case .removeTap = $0 { true } else { false } })
    #expect(last.contains { if case .removePublication(publication) = $0 { true } else { false } })
    #expect(
      await scene.physician.messages().contains {
        if case .participantLeft(id, "removed") = $0 { true } else { false }
      })
    #expect(await scene.room.bridgeStates.isEmpty)
  }

  @Test("are paused by a newcomer, end by DELETE, and when nobody else is left")
  func ends() async throws {
    let source = Source()
    let scene = try await scene(source)
    try await scene.agree(scene.patient)
    try await scene.agree(scene.physician)
    func begin() async throws -> String {
      let reply = try await scene.server.call(
        .post, Self.path, scene.server.backend, body: Self.body)
      return try #require(try scene.server.json(reply)["participant"] as? String)
    }
    let first = try await begin()
    let running = try #require(source.last)
    #expect(running.heard == 1)
    let newcomer = try await scene.server.world.join(scene.room, .relative)
    #expect(running.heard == 0)
    try await scene.agree(newcomer)
    #expect(running.heard == 1)
    let list = try await scene.server.call(.get, Self.path, scene.server.backend)
    let entries = try #require(try scene.server.json(list)["bridges"] as? [[String: Any]])
    #expect(entries.map { $0["state"] as? String } == ["on"])
    #expect((entries.first?["packets"] as? [String: Any])?["refused"] as? Int == 3)
    let gone = try await scene.server.call(
      .delete, Self.path + "/" + first, scene.server.backend)
    #expect(gone.status == .noContent && running.hasEnded)
    let again = try await scene.server.call(
      .delete, Self.path + "/" + first, scene.server.backend)
    #expect(again.status == .notFound)

    _ = try await begin()
    let second = try #require(source.last)
    for client in [newcomer, scene.patient, scene.physician] { try await client.send(.leave) }
    #expect(second.hasEnded)
    #expect(await scene.room.isIdle)
  }

  @Test("hear again whose media connection failed and came again")
  func failure() async throws {
    let source = Source()
    let scene = try await scene(source)
    let peer = try #require(scene.server.world.workers[0].take().peersAdded.first)
    try await scene.agree(scene.patient)
    try await scene.agree(scene.physician)
    _ = try await scene.server.call(.post, Self.path, scene.server.backend, body: Self.body)
    let running = try #require(source.last)
    #expect(running.heard == 1)
    await scene.server.world.directory.handle([.peerFailed(peer, .consentExpired)])
    #expect(running.heard == 0)
    _ = scene.server.world.workers[0].take()
    _ = try await scene.patient.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])
    #expect(running.heard == 1)
    let commands = scene.server.world.workers[0].take()
    #expect(commands.contains { if case .addTap = $0 { true } else { false } })
  }

  @Test("put on hold, hear nothing and are not heard before the disk is waited for")
  func held() async throws {
    let source = Source()
    var world = try await TestWorld()
    world.bridge(by: source)
    let server = TestHTTPServer(world)
    let room = try await server.world.room(waitingRoom: true, consents: [.bridge])
    let physician = try await server.world.join(room, .physician)
    _ = try await physician.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])
    try await physician.send(
      .consent(
        .init(
          purpose: .bridge, about: nil, isGiven: true, version: "standard-1", language: "en")))
    let reply = try await server.call(.post, Self.path, server.backend, body: Self.body)
    let id = try #require(try server.json(reply)["participant"] as? String)
    let participant = try #require(ParticipantID(rawValue: id))
    let running = try #require(source.last)
    #expect(running.heard == 0)
    try await physician.send(.admit(participant: id))
    while await room.room[participant]?.publications.isEmpty != false { await Task.yield() }
    #expect(running.heard == 1)
    let store = server.world.store
    let worker = server.world.workers[0]
    _ = worker.take()
    store.hold()
    async let holding: Void = physician.send(.hold(participant: id))
    while store.heldCount == 0 { await Task.yield() }
    #expect(running.heard == 0)
    #expect(worker.take().contains { if case .removePublication = $0 { true } else { false } })
    store.release()
    try await holding
  }

  @Test("are the backend's, and refused with a reason where they cannot be")
  func refused() async throws {
    let none = try await scene(nil)
    let off = try await none.server.call(.post, Self.path, none.server.backend, body: Self.body)
    #expect(off.status == .notFound)
    for (refusal, status) in [
      (BridgeRefusal.address, HTTPResponse.Status.forbidden), (.busy, .serviceUnavailable),
      (.network, .internalServerError),
    ] {
      let scene = try await scene(Source(refusal))
      let reply = try await scene.server.call(
        .post, Self.path, scene.server.backend, body: Self.body)
      #expect(reply.status == status)
      #expect(await scene.room.bridgeStates.isEmpty)
      #expect(await scene.room.roster.count == 2)
    }
    let unasked = try await scene(Source(), consents: [])
    let reply = try await unasked.server.call(
      .post, Self.path, unasked.server.backend, body: Self.body)
    #expect(reply.status == .conflict)
    let scene = try await scene(Source())
    for role in ParticipantRole.allCases where role != .backend {
      let token = scene.server.world.token(role)
      let reply = try await scene.server.call(.post, Self.path, token, body: Self.body)
      #expect(reply.status == .forbidden || reply.status == .unauthorized, "\(role)")
    }
  }

  @Test(
    "are asked for in full",
    arguments: [
      "{}", #"{"role":"interpreter","payloadType":111}"#,
      #"{"role":"interpreter","payloadType":95,"remote":{"address":"10.20.0.5","port":4000}}"#,
      #"{"role":"interpreter","payloadType":111,"remote":{"address":"gateway","port":4000}}"#,
      #"{"role":"interpreter","payloadType":111,"remote":{"address":"10.20.0.5","port":0}}"#,
      #"{"role":"interpreter","payloadType":111,"remote":{"address":"10.20.0.5","port":4000},"direction":"both"}"#,
      #"{"role":"interpreter","payloadType":111,"remote":{"address":"10.20.0.5","port":4000},"srtp":{"suite":"NULL","outgoing":"","incoming":""}}"#,
      #"{"role":"interpreter","payloadType":111,"remote":{"address":"10.20.0.5","port":4000},"srtp":{"suite":"AEAD_AES_128_GCM","outgoing":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","incoming":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}}"#,
    ])
  func bounds(body: String) async throws {
    let scene = try await scene(Source())
    let reply = try await scene.server.call(.post, Self.path, scene.server.backend, body: body)
    #expect(reply.status == .badRequest)
    #expect(try scene.server.code(reply) == "bad-field")
  }
}
