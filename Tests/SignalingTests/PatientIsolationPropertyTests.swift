import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

extension RoomSession {
  /// The patient whose peer it is; `nil`: somebody else's.
  fileprivate func patient(of peer: PeerID) -> ParticipantID? {
    owners[peer].flatMap { room[$0] }.flatMap { $0.role == .patient ? $0.id : nil }
  }
}

/// patients of one physician, in consultations of their own and in one waiting room.
@Suite("Patients of one physician under random events")
struct PatientIsolationPropertyTests {
  /// A patient as the others must not know it.
  private final class Patient {
    let name: String
    let room: Int
    /// Never let in.
    let onlyWaits: Bool
    var client: TestClient?
    var token = ""
    /// All that only this patient and its own physician may have: ids, names, words, files.
    var secrets: Set<String>

    init(_ name: String, room: Int, onlyWaits: Bool) {
      self.name = name
      self.room = room
      self.onlyWaits = onlyWaits
      secrets = [name]
    }
  }

  @Test(
    "no roster entry, no packet, no word and no file of one comes to another",
    arguments: 0..<10 as Range<UInt64>)
  func isolation(group: UInt64) async throws {
    var told = 0
    for seed in group * 6..<group * 6 + 6 { told += try await run(seed) }
    #expect(told > 100, "hardly anything happened")
  }

  private func run(_ seed: UInt64) async throws -> Int {
    var random = SeededRandom(seed: seed)
    let world = try await TestWorld()
    let rooms = [
      try await world.room("one", waitingRoom: true),
      try await world.room("two", waitingRoom: true),
    ]
    var physicians: [TestClient] = []
    for room in rooms {
      let client = TestClient(room)
      try await client.join(
        world.token(.physician, in: room.id.rawValue, name: "Dr", identifier: "the same"))
      physicians.append(client)
    }
    let patients = [
      Patient("Patient-Alpha", room: 0, onlyWaits: false),
      Patient("Patient-Bravo", room: 1, onlyWaits: false),
      Patient("Patient-Cosmo", room: 0, onlyWaits: true),
    ]
    let offer = OfferText([.audio("0", "sendonly"), .audio("1", "recvonly")])
    var subscriptions: [SubscriptionID: (peer: PeerID, publication: PublicationID?)] = [:]
    var publishers: [PublicationID: PeerID] = [:]
    var told = 0
    for step in 0..<120 {
      let patient = patients.randomElement(using: &random) ?? patients[0]
      let (room, physician) = (rooms[patient.room], physicians[patient.room])
      let anyTrack = publishers.keys.sorted { $0.rawValue < $1.rawValue }
        .randomElement(using: &random).map { TrackID($0).description }
      switch (Int.random(in: 0..<100, using: &random), patient.client) {
      case (_, nil):
        let client = TestClient(room)
        let joined = try await client.join(
          world.token(.patient, in: room.id.rawValue, name: patient.name, identifier: "\(step)"))
        patient.client = client
        patient.token = joined.resumeToken
        patient.secrets.formUnion([try client.id.rawValue, joined.resumeToken])
        #expect(joined.roster.map(\.id) == [joined.participant.id])
        #expect(joined.chat.isEmpty && joined.files.isEmpty)
      case (0..<5, let client?):
        try await client.send(.leave)
        patient.client = nil
      case (5..<20, let client?) where !patient.onlyWaits:
        _ = await physician.refusal(of: .admit(participant: try client.id.rawValue))
      case (20..<24, let client?):
        _ = await physician.refusal(of: .hold(participant: try client.id.rawValue))
      case (24..<45, let client?):
        var tracks: [ClientMessage.TrackRequest] = [.publish("0", "microphone")]
        if let anyTrack { tracks.append(.subscribe("1", anyTrack)) }
        _ = await client.refusal(of: .offer(.init(sdp: offer.text, tracks: tracks)))
      case (45..<55, _):
        var tracks: [ClientMessage.TrackRequest] = [.publish("0", "microphone")]
        if let anyTrack { tracks.append(.subscribe("1", anyTrack)) }
        _ = await physician.refusal(of: .offer(.init(sdp: offer.text, tracks: tracks)))
      case (55..<70, let client?):
        world.clock.advance(.seconds(2))
        patient.secrets.insert("words-\(step).")
        _ = await client.refusal(of: .chat(text: "words-\(step)."))
      case (70..<80, _):
        world.clock.advance(.seconds(2))
        // To whoever of this room is inside; to the other room it is a secret.
        for one in patients where one.room == patient.room { one.secrets.insert("answer-\(step).") }
        _ = await physician.refusal(of: .chat(text: "answer-\(step)."))
      case (80..<85, _):
        _ = await physician.refusal(of: .aside(isActive: .random(using: &random)))
      case (let dice, _):
        let file = FileID.random(using: &random)
        patient.secrets.insert(file.rawValue)
        // Also with the credential of one for the room of another.
        let owner = dice < 95 ? patient : patients.randomElement(using: &random) ?? patient
        if let token = ResumeToken(text: owner.token) {
          let content = FileShelf.Content(type: .png, size: 9, sha256: "00")
          let shared = try? await room.share(
            file, content, name: "\(file).png", of: token)
          #expect(shared == nil || owner.room == patient.room)
          if owner !== patient { owner.secrets.insert(file.rawValue) }
          for other in patients where other !== owner {
            guard let token = ResumeToken(text: other.token) else { continue }
            #expect((try? await room.fetch(file, with: token)) == nil)
          }
        }
      }
      for command in world.workers[0].take() {
        switch command {
        case .addPublication(let id, let parameters): publishers[id] = parameters.peer
        case .removePublication(let id): publishers[id] = nil
        case .addSubscription(let id, let parameters):
          subscriptions[id] = (parameters.peer, parameters.publication)
        case .bindSubscription(let id, let publication):
          subscriptions[id]?.publication = publication
        case .removeSubscription(let id): subscriptions[id] = nil
        case .removePeer(let peer):
          publishers = publishers.filter { $0.value != peer }
          subscriptions = subscriptions.filter { $0.value.peer != peer }
        default: break
        }
      }
      for edge in subscriptions.values {
        guard let publication = edge.publication, let sender = publishers[publication] else {
          continue
        }
        let viewer = await owner(of: edge.peer, rooms)
        let from = await owner(of: sender, rooms)
        #expect(viewer?.patient == nil || from?.patient == nil, "seed \(seed) step \(step)")
        #expect(viewer?.room == from?.room, "seed \(seed) step \(step)")
      }
      for reader in patients {
        for message in await reader.client?.messages() ?? [] {
          told += 1
          let text = String(decoding: message.encoded(), as: UTF8.self)
          for other in patients where other !== reader {
            for secret in other.secrets.subtracting(reader.secrets) {
              #expect(!text.contains(secret), "\(reader.name) got \(secret): seed \(seed)")
            }
          }
        }
      }
      for physician in physicians { _ = await physician.messages() }
    }
    return told
  }

  private func owner(
    of peer: PeerID, _ rooms: [RoomSession]
  ) async -> (room: Int, patient: ParticipantID?)? {
    for (number, room) in rooms.enumerated() where await room.owners[peer] != nil {
      return (number, await room.patient(of: peer))
    }
    return nil
  }
}
