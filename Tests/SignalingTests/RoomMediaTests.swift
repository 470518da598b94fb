import Consultation
import MediaEngine
import Testing
import Transport
import Wire

@testable import Signaling

@Suite("A room: media")
struct RoomMediaTests {
  private let both = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
  private let tracks: [ClientMessage.TrackRequest] = [
    .publish("0", "microphone"), .publish("1", "camera"),
  ]

  private struct Call {
    let world: TestWorld
    let room: RoomSession
    let patient: TestClient
    let physician: TestClient
  }

  private func call() async throws -> Call {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    return Call(world: world, room: room, patient: patient, physician: physician)
  }

  @Test("an offer is answered, the worker gets the peer and its tracks, the others are told")
  func publish() async throws {
    let call = try await call()
    try await call.patient.send(.offer(.init(sdp: both.text, tracks: tracks)), re: "o")
    let messages = await call.patient.messages()
    guard case .answer(let sdp, let answered, "o") = try #require(messages.first) else {
      Issue.record("\(messages)")
      return
    }
    #expect(sdp.contains("a=ice-lite"))
    #expect(answered.map(\.source) == ["microphone", "camera"])
    #expect(answered.allSatisfy { $0.direction == .publish })
    #expect(messages.last == .media(.connecting))

    let commands = call.world.workers[0].take()
    #expect(commands.peersAdded.count == 1)
    #expect(commands.publicationsAdded.map { String($0.rawValue) } == answered.map(\.publication))

    let told = await call.physician.messages()
    let id = try call.patient.id.rawValue
    #expect(
      told == [
        .published(
          participant: id,
          .init(id: answered[0].publication, kind: "audio", source: "microphone", muted: false),
          more: true),
        .published(
          participant: id,
          .init(
            id: answered[1].publication, kind: "video", source: "camera", muted: false,
            priority: "motion")),
      ])
  }

  @Test("an offer that receives is bound to the publication that it names")
  func subscribe() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    _ = call.world.workers[0].take()
    let answered = try await call.physician.offer(
      OfferText([.audio("0", "recvonly"), .video("1", "recvonly")]),
      [
        .subscribe("0", published[0].publication), .subscribe("1", published[1].publication),
      ])
    #expect(answered.map(\.publication) == published.map(\.publication))
    #expect(answered.allSatisfy { $0.direction == .subscribe })
    let patient = try call.patient.id.rawValue
    #expect(answered.allSatisfy { $0.participant == patient })
    let commands = call.world.workers[0].take()
    #expect(
      commands.subscriptionsAdded.compactMap(\.publication).map { String($0.rawValue) }
        == published.map(\.publication))
  }

  /// Within one stream a browser holds the voice until the pictures of a bad path have come.
  @Test("the voice and the picture of a participant come in streams of their own")
  func streams() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    try await call.physician.send(
      .offer(
        .init(
          sdp: OfferText([.audio("0", "recvonly"), .video("1", "recvonly")]).text,
          tracks: [
            .subscribe("0", published[0].publication), .subscribe("1", published[1].publication),
          ])))
    let answers = await call.physician.messages().compactMap { message in
      if case .answer(let sdp, _, _) = message { sdp } else { nil }
    }
    let answer = try SessionDescription.parse(#require(answers.first))
    let streams = answer.sections.map { $0.streamLabels.map(\.stream) }
    let patient = try call.patient.id.rawValue
    #expect(streams == [[patient], ["camera-" + patient]])
  }

  @Test("nobody receives its own media, nor a track of another consultation")
  func notYours() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    var offer = both
    offer.sections.append(.audio("2", "recvonly"))
    let own = try await call.patient.offer(
      offer, tracks + [.subscribe("2", published[0].publication)])
    #expect(own.map(\.direction) == [.publish, .publish])

    let other = try await call.world.room("another")
    let stranger = try await call.world.join(other, .physician)
    let answered = try await stranger.offer(
      OfferText([.audio("0", "recvonly")]), [.subscribe("0", published[0].publication)])
    #expect(answered.isEmpty)
    let subscriptions = call.world.workers[0].take().subscriptionsAdded
    #expect(subscriptions.allSatisfy { $0.publication == nil })
  }

  @Test("an observer receives and never publishes")
  func observer() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    let observer = try await call.world.join(call.room, .observer)
    #expect(await observer.refusal(of: .offer(.init(sdp: both.text, tracks: tracks))) == .forbidden)
    let answered = try await observer.offer(
      OfferText([.audio("0", "recvonly")]), [.subscribe("0", published[0].publication)])
    #expect(answered.count == 1)
  }

  @Test("a mute is enforced on the worker and told to everyone")
  func mute() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    _ = call.world.workers[0].take()
    _ = await call.physician.messages()
    let publication = published[0].publication
    let id = try call.patient.id.rawValue
    try await call.patient.send(.mute(publication: publication, muted: true), re: "m")
    #expect(
      await call.patient.messages()
        == [.muted(participant: id, publication: publication, muted: true, re: "m")])
    #expect(
      await call.physician.messages()
        == [.muted(participant: id, publication: publication, muted: true, re: nil)])
    #expect(call.world.workers[0].take().muting == [true])
    // Again: nothing changes, the client is answered all the same.
    try await call.patient.send(.mute(publication: publication, muted: true), re: "n")
    #expect(
      await call.patient.messages()
        == [.muted(participant: id, publication: publication, muted: true, re: "n")])
    #expect(await call.physician.messages().isEmpty)
    // Nobody mutes another.
    await #expect(throws: SignalingError.self) {
      try await call.physician.send(.mute(publication: publication, muted: false))
    }
  }

  @Test("a muted microphone that an offer leaves out and a later one has again is still muted")
  func muteKeptByOffers() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    try await call.patient.send(.mute(publication: published[0].publication, muted: true))
    _ = try await call.patient.offer(both, [.publish("1", "camera")])
    _ = call.world.workers[0].take()
    let again = try await call.patient.offer(
      both, [.publish("0", "microphone", muted: false), .publish("1", "camera")])
    #expect(again.map(\.muted) == [true, false])
    let commands = call.world.workers[0].take()
    #expect(commands.publicationParameters.map(\.muted) == [true])
    #expect(commands.muting.isEmpty)
    // Its own act opens it.
    try await call.patient.send(.mute(publication: again[0].publication, muted: false))
    #expect(call.world.workers[0].take().muting == [false])
  }

  @Test("a muted microphone stays muted across an ICE restart and a resumed connection")
  func muteKeptByRestart() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    try await call.patient.send(.mute(publication: published[0].publication, muted: true))
    _ = call.world.workers[0].take()
    var restarted = both
    restarted.usernameFragment = "anew"
    let again = try await call.patient.offer(
      restarted, [.publish("0", "microphone", muted: false), .publish("1", "camera")])
    #expect(again.map(\.publication) == published.map(\.publication))
    #expect(again.map(\.muted) == [true, false])
    let commands = call.world.workers[0].take()
    #expect(commands.peersAdded.isEmpty && commands.peersRemoved.isEmpty)
    #expect(!commands.muting.contains(false))
    #expect(!commands.publicationParameters.contains { $0.mid == "0" && !$0.muted })
  }

  @Test("a muted microphone stays muted when the media connection is made anew")
  func muteKept() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    try await call.patient.send(.mute(publication: published[0].publication, muted: true))
    _ = await call.patient.messages()
    _ = call.world.workers[0].take()
    var anew = both
    anew.sessionID = "2222"
    anew.usernameFragment = "anew"
    anew.fingerprints = ["sha-256 " + OfferText.octets(32, 9)]
    let again = try await call.patient.offer(
      anew, [.publish("0", "microphone", muted: false), .publish("1", "camera")])
    #expect(again.map(\.publication) == published.map(\.publication))
    #expect(again.map(\.muted) == [true, false])
    let commands = call.world.workers[0].take()
    #expect(commands.peersRemoved.count == 1)
    #expect(commands.publicationParameters.map(\.muted) == [true, false])
    #expect(await call.room.roster[0].publications.map(\.muted) == [true, false])
  }

  @Test("when a publisher's connection is made anew, its viewers are bound again by themselves")
  func publisherAnew() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    _ = try await call.physician.offer(
      OfferText([.audio("0", "recvonly")]), [.subscribe("0", published[0].publication)])
    _ = call.world.workers[0].take()
    _ = await call.physician.messages()
    var anew = both
    anew.sessionID = "2222"
    anew.usernameFragment = "anew"
    anew.fingerprints = ["sha-256 " + OfferText.octets(32, 9)]
    _ = try await call.patient.offer(anew, tracks)
    let commands = call.world.workers[0].take()
    #expect(commands.bindings.map(\.publication) == [UInt64(published[0].publication)])
    // To the viewer nothing has happened.
    #expect(await call.physician.messages().isEmpty)
  }

  @Test("a publication that an offer leaves out, or that is unpublished, ends for everyone")
  func unpublish() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    _ = await call.physician.messages()
    _ = call.world.workers[0].take()
    let id = try call.patient.id.rawValue
    try await call.patient.send(.unpublish(publication: published[1].publication), re: "u")
    #expect(
      await call.patient.messages()
        == [.unpublished(participant: id, publication: published[1].publication, re: "u")])
    #expect(call.world.workers[0].take().publicationsRemoved.count == 1)

    var offer = both
    offer.version = 2
    offer.sections[0].direction = "inactive"
    let answered = try await call.patient.offer(offer, [.publish("1", "camera")])
    #expect(answered.map(\.source) == ["camera"])
    #expect(answered[0].publication != published[1].publication)
    let told = await call.physician.messages()
    #expect(
      told.prefix(2) == [
        .unpublished(participant: id, publication: published[1].publication, re: nil),
        .unpublished(participant: id, publication: published[0].publication, re: nil),
      ])
    #expect(told.count == 3)
    #expect(await call.room.roster[0].publications.map(\.source) == ["camera"])
  }

  @Test("unsubscribe is silence until an offer asks again")
  func unsubscribe() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    var offer = OfferText([.audio("0", "recvonly")])
    let wanted: [ClientMessage.TrackRequest] = [.subscribe("0", published[0].publication)]
    _ = try await call.physician.offer(offer, wanted)
    _ = call.world.workers[0].take()
    try await call.physician.send(.unsubscribe(publication: published[0].publication), re: "s")
    #expect(await call.physician.messages() == [.accepted(re: "s")])
    #expect(call.world.workers[0].take().bindings.map(\.publication) == [nil])
    offer.version = 2
    _ = try await call.physician.offer(offer, wanted)
    #expect(
      call.world.workers[0].take().bindings.map(\.publication)
        == [UInt64(published[0].publication)])
  }

  @Test("an offer that cannot be answered changes nothing, and says why")
  func badOffer() async throws {
    let call = try await call()
    _ = try await call.patient.offer(both, tracks)
    _ = call.world.workers[0].take()
    _ = await call.physician.messages()
    let offers: [(String, [ClientMessage.TrackRequest], SignalingErrorCode)] = [
      ("nonsense", tracks, .badSDP),
      (both.text, [.publish("0", "camera")], .badSDP),
      (both.text, [.publish("9", "camera")], .badSDP),
      (both.text, [.publish("0", "telepathy")], .badField),
      (both.text, [.publish("0", "camera"), .publish("1", "camera")], .badField),
      (both.text, [.subscribe("0", "not a number")], .notFound),
    ]
    for (sdp, tracks, code) in offers {
      #expect(
        await call.patient.refusal(of: .offer(.init(sdp: sdp, tracks: tracks))) == code)
    }
    #expect(call.world.workers[0].take().isEmpty)
    #expect(await call.physician.messages().isEmpty)
    #expect(await call.room.roster[0].publications.count == 2)
  }

  @Test("offers are refused as busy while the worker does not take commands; nothing is lost")
  func busyWorker() async throws {
    let world = try await TestWorld(mailboxCapacity: 2)
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    _ = try await patient.offer(both, tracks)
    #expect(await patient.refusal(of: .offer(.init(sdp: both.text, tracks: tracks))) == .busy)
    var commands = world.workers[0].take()
    #expect(commands.count == 2)
    await world.directory.handleTimeout(at: world.clock.now)
    commands += world.workers[0].take()
    #expect(commands.peersAdded.count == 1)
    #expect(commands.publicationsAdded.count == 2)
  }

  // MARK: What the worker tells

  private func peer(_ commands: [WorkerCommand]) throws -> PeerID {
    try #require(commands.peersAdded.first)
  }

  @Test("the client is told how its media connection does")
  func mediaStates() async throws {
    let call = try await call()
    _ = try await call.patient.offer(both, tracks)
    let peer = try peer(call.world.workers[0].take())
    await call.world.directory.handle([
      .peerConnected(peer, .aeadAES128GCM), .peerDisconnected(peer), .peerRecovered(peer),
    ])
    #expect(
      await call.patient.messages()
        == [.media(.connected), .media(.disconnected), .media(.connected)])
    #expect(await call.physician.messages().filter { $0 == .media(.connected) }.isEmpty)
  }

  @Test("after a failure the participant stays, and a new offer brings the same tracks back")
  func mediaFailure() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    _ = try await call.physician.offer(
      OfferText([.audio("0", "recvonly")]), [.subscribe("0", published[0].publication)])
    let peer = try peer(call.world.workers[0].take())
    _ = await call.physician.messages()
    await call.world.directory.handle([.peerFailed(peer, .consentExpired)])
    #expect(await call.patient.messages() == [.media(.failed)])
    #expect(await call.room.participantCount == 2)
    let again = try await call.patient.offer(both, tracks)
    #expect(again.map(\.publication) == published.map(\.publication))
    let commands = call.world.workers[0].take()
    #expect(commands.peersAdded.count == 1)
    #expect(commands.peersRemoved.isEmpty)
    #expect(commands.bindings.map(\.publication) == [UInt64(published[0].publication)])
    #expect(await call.physician.messages().isEmpty)
    // Late news of the peer that is gone.
    await call.world.directory.handle([.peerConnected(peer, .aeadAES128GCM)])
    #expect(await call.patient.messages().isEmpty)
  }

  @Test("whoever leaves takes its media with it")
  func leaving() async throws {
    let call = try await call()
    let published = try await call.patient.offer(both, tracks)
    let peer = try peer(call.world.workers[0].take())
    _ = await call.physician.messages()
    try await call.patient.send(.leave)
    #expect(call.world.workers[0].take().peersRemoved == [peer])
    let id = try call.patient.id.rawValue
    #expect(
      await call.physician.messages() == [
        .unpublished(participant: id, publication: published[0].publication, re: nil),
        .unpublished(participant: id, publication: published[1].publication, re: nil),
        .participantLeft(participant: id, reason: "left"),
      ])
  }

  @Test("while the connection is lost, media goes on untouched")
  func lostConnection() async throws {
    let call = try await call()
    _ = try await call.patient.offer(both, tracks)
    _ = call.world.workers[0].take()
    try await call.patient.disconnect()
    #expect(call.world.workers[0].take().isEmpty)
    #expect(await call.room.roster[0].publications.count == 2)
  }
}

extension [WorkerCommand] {
  var peersAdded: [PeerID] {
    compactMap { if case .addPeer(let id, _) = $0 { id } else { nil } }
  }

  var peersRemoved: [PeerID] {
    compactMap { if case .removePeer(let id) = $0 { id } else { nil } }
  }

  var publicationsAdded: [PublicationID] {
    compactMap { if case .addPublication(let id, _) = $0 { id } else { nil } }
  }

  var publicationParameters: [PublicationParameters] {
    compactMap { if case .addPublication(_, let parameters) = $0 { parameters } else { nil } }
  }

  var publicationsRemoved: [PublicationID] {
    compactMap { if case .removePublication(let id) = $0 { id } else { nil } }
  }

  var subscriptionsAdded: [SubscriptionParameters] {
    compactMap { if case .addSubscription(_, let parameters) = $0 { parameters } else { nil } }
  }

  var bindings: [(subscription: UInt64, publication: UInt64?)] {
    compactMap {
      if case .bindSubscription(let id, let publication) = $0 {
        (id.rawValue, publication?.rawValue)
      } else {
        nil
      }
    }
  }

  var muting: [Bool] {
    compactMap { if case .setPublicationMuted(_, let muted) = $0 { muted } else { nil } }
  }

  var restarts: [PeerID] {
    compactMap { if case .restartICE(let id, _, _) = $0 { id } else { nil } }
  }
}
