import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("Checks in the waiting room")
struct ConnectionCheckTests {
  private let offer = OfferText([.audio("0", "sendrecv"), .video("1", "sendrecv")])
  private let tracks: [ClientMessage.TrackRequest] = [
    .publish("0", "microphone"), .publish("1", "camera"),
  ]
  private let report = ClientMessage.Body.checkReport(
    .init(camera: .works, microphone: .silent, tried: [.udp, .tcp], reached: [.udp]))

  private func check(_ way: CheckWay) -> ClientMessage.Body {
    .check(.init(way: way, offer: .init(sdp: offer.text, tracks: tracks)))
  }

  private struct Peers {
    var added: [PeerID] = []
    var removed: [PeerID] = []
    var published: [PublicationID: PeerID] = [:]
    var viewed: [(peer: PeerID, publication: PublicationID?)] = []

    init(_ commands: [WorkerCommand]) {
      for command in commands {
        switch command {
        case .addPeer(let peer, _): added.append(peer)
        case .removePeer(let peer): removed.append(peer)
        case .addPublication(let id, let parameters): published[id] = parameters.peer
        case .addSubscription(_, let parameters):
          viewed.append((parameters.peer, parameters.publication))
        default: break
        }
      }
    }
  }

  @Test("what is measured comes back to who sends it, and nobody hears of it")
  func loopback() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = try await world.join(room, .patient)
    let other = try await world.join(room, .relative)
    let physician = try await world.join(room, .physician)
    for one in [patient, other, physician] { _ = await one.messages() }

    try await patient.send(check(.measure))
    let peers = Peers(world.workers[0].take())
    let peer = try #require(peers.added.first)
    #expect(peers.added.count == 1 && peers.published.count == 2 && peers.viewed.count == 2)
    #expect(Set(peers.published.values) == [peer])
    #expect(
      peers.viewed.allSatisfy { viewer, publication in
        viewer == peer && publication.map { peers.published[$0] } == peer
      })
    let told = await patient.messages()
    guard case .checkAnswer("measure", let sdp, let seconds, "1") = told.first else {
      Issue.record("no answer: \(told)")
      return
    }
    #expect(sdp.contains("a=sendrecv") && seconds > 0)
    #expect(await other.messages().isEmpty)
    #expect(await physician.messages().isEmpty)
    #expect(await room.roster.map(\.role) == ["physician"])
    #expect(await room.media.people.allSatisfy { $0.publications.isEmpty && $0.peers.isEmpty })
    #expect(await room.media.checks.map(\.peers) == [[peer]])
  }

  @Test("a way that is only tried gives nothing back")
  func routes() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = try await world.join(room, .patient)
    _ = world.workers[0].take()
    for way in [CheckWay.udp, .tcp, .relay] { try await patient.send(check(way)) }
    let peers = Peers(world.workers[0].take())
    #expect(peers.added.count == 3 && peers.viewed.isEmpty)
    // Again: the former one ends.
    try await patient.send(check(.udp))
    #expect(Peers(world.workers[0].take()).removed == [peers.added[0]])
    #expect(await room.media.checks.isEmpty)
  }

  @Test("the result is kept, told to the physician alone, and shown in the queue from then on")
  func result() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let patient = try await world.join(room, .patient)
    let other = try await world.join(room, .relative)
    let physician = try await world.join(room, .physician)
    for one in [patient, other, physician] { _ = await one.messages() }
    try await patient.send(check(.udp))
    _ = await patient.messages()
    _ = world.workers[0].take()
    try await patient.send(report, re: "r")
    #expect(Peers(world.workers[0].take()).removed.count == 1)
    let id = try patient.id
    let expected = CheckView(
      ConnectionCheck(
        camera: .works, microphone: .silent, tried: [.udp, .tcp], reached: [.udp], figures: nil))
    #expect(await patient.messages() == [.checked(participant: id.rawValue, expected, re: "r")])
    #expect(await physician.messages() == [.checked(participant: id.rawValue, expected, re: nil)])
    #expect(await other.messages().isEmpty)
    let kept = try await world.store.participants(of: room.id).first { $0.id == id }
    #expect(kept?.checks.map { CheckView($0.check) } == [expected])
    let second = try await TestClient(room).join(world.token(.physician))
    #expect(second.waiting.first { $0.id == id.rawValue }?.check == expected)
    #expect(second.roster.allSatisfy { $0.check == nil })
  }

  @Test("ends when its owner is let in, leaves, or takes too long")
  func ends() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let physician = try await world.join(room, .physician)
    for ending in 0..<3 {
      let patient = try await world.join(room, .patient)
      try await patient.send(check(.measure))
      let peers = Peers(world.workers[0].take())
      switch ending {
      case 0: try await physician.send(.admit(participant: patient.id.rawValue))
      case 1: try await patient.send(.leave)
      default:
        world.clock.advance(.seconds(19))
        await room.handleTimeout(at: world.clock.now)
        #expect(world.workers[0].take().isEmpty)
        world.clock.advance(.seconds(1))
        await room.handleTimeout(at: world.clock.now)
      }
      #expect(Peers(world.workers[0].take()).removed == peers.added, "ending \(ending)")
      #expect(await room.media.checks.isEmpty)
    }
  }

  @Test("is for who waits, and no more often than a person would")
  func bounds() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let physician = try await world.join(room, .physician)
    #expect(await physician.refusal(of: check(.measure)) == .wrongState)
    #expect(await physician.refusal(of: report) == .wrongState)
    let patient = try await world.join(room, .patient)
    for _ in 0..<RoomSession.checkReportsLimit { try await patient.send(report) }
    #expect(await patient.refusal(of: report) == .rateLimited)
    for _ in 0..<RoomSession.checkOffersLimit { try await patient.send(check(.udp)) }
    #expect(await patient.refusal(of: check(.udp)) == .rateLimited)
    #expect(try await world.store.participants(of: room.id).last?.checks.count == 12)
  }

  @Test("takes what it is told within bounds")
  func decoding() throws {
    func body(_ text: String) throws -> ClientMessage.Body {
      try ClientMessage(decoding: Array(text.utf8)).body
    }
    #expect(
      try body(
        #"{"type":"check-report","camera":"works","microphone":"silent","#
          + #""routes":{"udp":true,"tcp":false,"carrier-pigeon":true}}"#) == report)
    for text in [
      #"{"type":"check-report","camera":"fine","microphone":"works"}"#,
      #"{"type":"check-report","camera":"works"}"#,
      #"{"type":"check-report","camera":"works","microphone":"works","routes":{"udp":1}}"#,
      #"{"type":"check","way":"air","sdp":"v=0","tracks":[]}"#,
      #"{"type":"check","sdp":"v=0","tracks":[]}"#,
    ] {
      #expect(throws: ClientMessage.Refusal.self, "\(text)") { try body(text) }
    }
  }
}
