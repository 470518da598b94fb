import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

/// Which media passes, as a worker has been told.
private struct WorkerModel {
  private var publications: [PublicationID: PeerID] = [:]
  private var subscriptions: [SubscriptionID: (peer: PeerID, publication: PublicationID?)] = [:]

  mutating func apply(_ commands: [WorkerCommand]) {
    for command in commands {
      switch command {
      case .addPublication(let id, let parameters): publications[id] = parameters.peer
      case .removePublication(let id): publications[id] = nil
      case .addSubscription(let id, let parameters):
        subscriptions[id] = (parameters.peer, parameters.publication)
      case .bindSubscription(let id, let publication):
        subscriptions[id]?.publication = publication
      case .removeSubscription(let id): subscriptions[id] = nil
      case .removePeer(let peer):
        publications = publications.filter { $0.value != peer }
        subscriptions = subscriptions.filter { $0.value.peer != peer }
      default: break
      }
    }
  }

  var edges: [(viewer: PeerID, publication: PublicationID)] {
    subscriptions.values.compactMap { subscription in
      guard let publication = subscription.publication, publications[publication] != nil else {
        return nil
      }
      return (subscription.peer, publication)
    }
  }

  var published: [PublicationID] { Array(publications.keys) }
}

extension RoomSession {
  /// Whether an edge of the worker is one that the rules allow, by someone on everyone's roster.
  fileprivate func allows(_ peer: PeerID, _ publication: PublicationID) -> Bool {
    guard let viewer = owners[peer] else { return false }
    return room.mayReceive(viewer, TrackID(publication))
      && room.roster.allSatisfy { reader in
        room.roster(for: reader.id).contains { $0.id == viewer }
      }
  }
}

@Suite("Media edges on the worker under random events")
struct MediaEdgePropertyTests {
  @Test(
    "none that the rules do not allow, whatever hostile clients offer and in whatever order",
    arguments: 0..<15 as Range<UInt64>)
  func holds(group: UInt64) async throws {
    var passed = 0
    for seed in group * 10..<group * 10 + 10 { passed += try await edges(seed) }
    #expect(passed > 100, "hardly anything passed")
  }

  /// Returns how many edges were looked at.
  private func edges(_ seed: UInt64) async throws -> Int {
    var random = TestRandom(state: seed)
    let world = try await TestWorld()
    let room = try await world.room(
      waitingRoom: seed % 2 == 0, consents: seed % 3 == 0 ? [.act] : [.act, .thirdParticipant])
    let offer = OfferText([.audio("0", "sendonly"), .audio("1", "recvonly")])
    var model = WorkerModel()
    var clients: [(client: TestClient, role: ParticipantRole)] = []
    var passed = 0
    for step in 0..<80 {
      let at = clients.isEmpty ? nil : Int.random(in: 0..<clients.count, using: &random)
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<20 where clients.count < 6, _ where at == nil:
        let roles: [ParticipantRole] = [.patient, .physician, .relative, .interpreter, .observer]
        let role = roles.randomElement(using: &random) ?? .patient
        let client = TestClient(room)
        guard (try? await client.join(world.token(role, identifier: "\(step)"))) != nil else {
          break
        }
        clients.append((client, role))
      case 20..<24:
        guard let at else { break }
        _ = await clients[at].client.refusal(of: .leave)
        clients.remove(at: at)
      case 24..<54:
        guard let at else { break }
        let (client, role) = clients[at]
        // Whatever is there, told of it or not.
        let wanted = model.published.sorted { $0.rawValue < $1.rawValue }
          .randomElement(using: &random)
        var tracks: [ClientMessage.TrackRequest] = []
        if role != .observer { tracks.append(.publish("0", "microphone")) }
        if let wanted { tracks.append(.subscribe("1", TrackID(wanted).description)) }
        _ = await client.refusal(of: .offer(.init(sdp: offer.text, tracks: tracks)))
      case 54..<58:
        guard let at else { break }
        _ = await clients[at].client.refusal(of: .aside(isActive: .random(using: &random)))
      case 58..<64:
        guard let at else { break }
        let other = clients.randomElement(using: &random)
        let id = try (other?.client ?? clients[at].client).id.rawValue
        _ = await clients[at].client.refusal(of: .hold(participant: id))
      case 64..<76:
        for (client, role) in clients where role == .physician {
          for (other, _) in clients {
            _ = await client.refusal(of: .admit(participant: try other.id.rawValue))
          }
        }
      default:
        let about = try clients.randomElement(using: &random)?.client.id.rawValue
        for (client, role) in clients where role == .patient {
          let purpose: ConsentPurpose = Bool.random(using: &random) ? .thirdParticipant : .act
          _ = await client.refusal(
            of: .consent(
              .init(
                purpose: purpose, about: purpose == .act ? nil : about,
                isGiven: Int.random(in: 0..<4, using: &random) > 0,
                version: ConsentText.standard(purpose).version, language: "fr")))
        }
      }
      model.apply(world.workers[0].take())
      for edge in model.edges {
        passed += 1
        #expect(await room.allows(edge.viewer, edge.publication), "seed \(seed) step \(step)")
      }
      for (client, _) in clients { _ = await client.messages() }
    }
    let present = await room.participantCount
    #expect(present == clients.count)
    let effects = world.store.effects
    let joins = effects.count { if case .joined = $0 { true } else { false } }
    let leaves = effects.count { if case .left = $0 { true } else { false } }
    #expect(joins == leaves + present)
    return passed
  }

  private struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
