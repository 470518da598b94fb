import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("WHIP and WHEP in a room")
struct StandaloneMediaTests {
  private let publishing = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
  private let playing = OfferText([.audio("0", "recvonly"), .video("1", "recvonly")])

  private func refusal(
    _ body: () async throws(StandaloneMediaRefusal) -> Void
  ) async -> StandaloneMediaRefusal? {
    do throws(StandaloneMediaRefusal) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  @Test("a WHIP client is on the roster with its tracks, and gone after DELETE")
  func publish() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let token = world.token(.patient, identifier: "w")
    let media = try await room.publish(publishing.text, token, as: nil)
    #expect(media.answer.contains("a=recvonly"))
    #expect(media.session == nil)
    let roster = await room.roster
    #expect(roster.map(\.id).contains(media.participant.rawValue))
    #expect(roster[1].publications.map(\.source) == ["microphone", "camera"])
    let messages = await physician.messages()
    #expect(messages.count == 3)
    guard case .participantJoined = try #require(messages.first) else {
      Issue.record("\(messages)")
      return
    }
    try await room.hangUp(.whip(media.participant), token)
    #expect(await room.participantCount == 1)
    #expect(
      await physician.messages().last
        == .participantLeft(participant: media.participant.rawValue, reason: "left"))
    #expect(
      await refusal { () async throws(StandaloneMediaRefusal) in
        try await room.hangUp(.whip(media.participant), token)
      } == .notFound("there is no such session: it has ended, or its media was lost"))
  }

  @Test("a WHEP viewer receives what the participant publishes, now and later")
  func play() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let viewer = try await room.play(
      patient.id, playing.text, world.token(.observer, identifier: "v"), as: nil)
    #expect(viewer.session != nil)
    #expect(await room.roster.map(\.role) == ["patient", "observer"])
    let slots = world.workers[0].take().subscriptionsAdded
    #expect(slots.count == 2)
    #expect(slots.allSatisfy { $0.publication == nil })

    let tracks = try await patient.offer(
      publishing, [.publish("0", "microphone"), .publish("1", "camera")])
    let commands = world.workers[0].take()
    #expect(
      commands.bindings.compactMap(\.publication).map(String.init).sorted()
        == tracks.map(\.publication).sorted())
    // Publications come to the worker before anything is bound to them.
    let lastAdded = try #require(
      commands.lastIndex { if case .addPublication = $0 { true } else { false } })
    let firstBound = try #require(
      commands.firstIndex { if case .bindSubscription = $0 { true } else { false } })
    #expect(lastAdded < firstBound)

    try await patient.send(.unpublish(publication: tracks[1].publication))
    #expect(world.workers[0].take().bindings.map(\.publication) == [nil])
  }

  @Test("what is published already is bound at once")
  func playAtOnce() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let media = try await room.publish(
      publishing.text, world.token(.patient, identifier: "w"), as: nil)
    _ = world.workers[0].take()
    _ = try await room.play(
      media.participant, playing.text, world.token(.physician, identifier: "v"), as: nil)
    let commands = world.workers[0].take()
    #expect(commands.subscriptionsAdded.allSatisfy { $0.publication != nil })
    #expect(commands.bindings.isEmpty)
  }

  @Test("a load generator may be one participant that publishes and plays")
  func oneParticipant() async throws {
    let world = try await TestWorld()
    let room = try await world.room("bench-1")
    let token = world.token(.loadtest, in: nil)
    let a = ParticipantID(rawValue: "a")
    let b = ParticipantID(rawValue: "b")
    let first = try await room.publish(publishing.text, token, as: a)
    let second = try await room.publish(publishing.text, token, as: b)
    #expect(first.participant == a)
    _ = try await room.play(second.participant, playing.text, token, as: a)
    _ = try await room.play(first.participant, playing.text, token, as: b)
    #expect(await room.participantCount == 2)
    try await room.hangUp(.whip(first.participant), token)
    // The viewer of the same participant is still there.
    #expect(await room.participantCount == 2)
  }

  @Test("a WHIP client that comes again takes the place of its own former connection")
  func again() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let token = world.token(.patient, identifier: "w")
    let name = ParticipantID(rawValue: "me")
    _ = try await room.publish(publishing.text, token, as: name)
    let peer = try #require(world.workers[0].take().peersAdded.first)
    _ = try await room.publish(publishing.text, token, as: name)
    #expect(world.workers[0].take().peersRemoved == [peer])
    #expect(await room.participantCount == 1)
    #expect(await room.roster[0].publications.count == 2)
  }

  @Test("nobody takes over a participant that another token brought in")
  func takeover() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let media = try await room.publish(
      publishing.text, world.token(.patient, identifier: "w"), as: nil)
    let thief = world.token(.relative, identifier: "x")
    for name in [media.participant, try physician.id] {
      let refusal = await refusal { () async throws(StandaloneMediaRefusal) in
        _ = try await room.publish(publishing.text, thief, as: name)
      }
      #expect(refusal == .token(.notAllowed(.relative)))
    }
    let refusal = await refusal { () async throws(StandaloneMediaRefusal) in
      try await room.hangUp(.whip(media.participant), thief)
    }
    #expect(refusal == .token(.notAllowed(.relative)))
    #expect(await room.participantCount == 2)
  }

  @Test("an offer that cannot be served leaves nobody behind, and the status tells which kind")
  func badOffers() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let token = world.token(.patient, identifier: "w", once: true)
    var unknownCodec = publishing
    unknownCodec.sections[1].formats = "35"
    unknownCodec.sections[1].lines = ["a=rtcp-mux", "a=rtpmap:35 AV1/90000"]
    let offers: [(String, Bool)] = [
      ("nonsense", true), (playing.text, false), (unknownCodec.text, false),
    ]
    for (offer, isMalformed) in offers {
      let refusal = await refusal { () async throws(StandaloneMediaRefusal) in
        _ = try await room.publish(offer, token, as: nil)
      }
      switch refusal {
      case .malformedSDP: #expect(isMalformed)
      case .unprocessableSDP: #expect(!isMalformed)
      default: Issue.record("\(String(describing: refusal))")
      }
    }
    #expect(await room.participantCount == 0)
    #expect(try await world.store.participants(of: room.id).isEmpty)
    #expect(world.workers[0].take().isEmpty)
    // The token for one use is not spent.
    _ = try await room.publish(publishing.text, token, as: nil)
  }

  @Test("roles: observers do not publish, strangers are not played")
  func roles() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    #expect(
      await refusal { () async throws(StandaloneMediaRefusal) in
        _ = try await room.publish(publishing.text, world.token(.observer), as: nil)
      } == .token(.notAllowed(.observer)))
    let nobody = try #require(ParticipantID(rawValue: "nobody"))
    guard
      case .notFound = await refusal({ () async throws(StandaloneMediaRefusal) in
        _ = try await room.play(nobody, playing.text, world.token(.observer), as: nil)
      })
    else {
      Issue.record("played nobody")
      return
    }
  }

  @Test("a fragment with candidates needs no answer, one with new credentials restarts ICE")
  func fragments() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let token = world.token(.patient, identifier: "w")
    let media = try await room.publish(publishing.text, token, as: nil)
    let peer = try #require(world.workers[0].take().peersAdded.first)
    let address = RoomSession.StandaloneAddress.whip(media.participant)
    let candidates =
      "a=ice-ufrag:them\r\na=ice-pwd:theirpasswordtheirpassword\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      + "a=candidate:1 1 udp 2130706431 192.0.2.1 3500 typ host\r\na=end-of-candidates\r\n"
    #expect(
      try await room.patch(candidates, entityTag: media.entityTag, address, token) == nil)
    #expect(
      await refusal { () async throws(StandaloneMediaRefusal) in
        _ = try await room.patch(candidates, entityTag: "\"other\"", address, token)
      } == .preconditionFailed)
    #expect(world.workers[0].take().isEmpty)

    let restart = "a=ice-ufrag:anew\r\na=ice-pwd:anewpasswordanewpassword\r\n"
    let answer = try #require(
      try await room.patch(restart, entityTag: "*", address, token))
    #expect(answer.answer.contains("a=ice-ufrag:"))
    #expect(answer.entityTag != media.entityTag)
    #expect(world.workers[0].take().restarts == [peer])
    guard
      case .malformedSDP = await refusal({ () async throws(StandaloneMediaRefusal) in
        _ = try await room.patch("nonsense", entityTag: "*", address, token)
      })
    else {
      Issue.record("not refused")
      return
    }
  }

  @Test(
    "when media is lost for good the participant is gone, with the reason of the loss",
    arguments: [
      (PeerFailure.closedByPeer, LeaveReason.left), (.consentExpired, .connectionLost),
      (.iceTimeout, .mediaFailed), (.fingerprintMismatch, .mediaFailed),
    ])
  func failure(failure: PeerFailure, reason: LeaveReason) async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    _ = try await room.publish(publishing.text, world.token(.patient, identifier: "w"), as: nil)
    let peer = try #require(world.workers[0].take().peersAdded.first)
    await world.directory.handle([.peerFailed(peer, failure)])
    #expect(await room.participantCount == 0)
    #expect(try await world.store.participants(of: room.id).map(\.end?.reason) == [reason])
    // The worker has dropped the peer by itself.
    #expect(world.workers[0].take().isEmpty)
  }
}
