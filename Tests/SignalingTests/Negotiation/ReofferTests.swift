import Consultation
import MediaEngine
import Testing
import Transport
import Wire

@testable import Signaling

@Suite("Re-offers")
struct ReofferTests {
  private func publish(
    _ mid: String, _ id: UInt64, _ source: MediaSource, muted: Bool = false
  ) -> TrackBinding {
    TrackBinding(
      mid: mid, role: .publish(PublicationID(rawValue: id), source: source, muted: muted))
  }

  private func subscribe(_ mid: String, _ id: UInt64?, stream: String? = nil) -> TrackBinding {
    TrackBinding(
      mid: mid,
      role: .subscribe(id.map { PublicationID(rawValue: $0) }, kind: nil, stream: stream))
  }

  /// Microphone and camera out, one audio and one video in.
  private func call() throws -> (
    NegotiationStateMachine, OfferText, [TrackBinding], NegotiationResult
  ) {
    var machine = try NegotiationFixtures.machine()
    let offer = OfferText([
      .audio("0", "sendonly", lines: ["a=ssrc:11 cname:c"]),
      .video(
        "1", "sendonly",
        lines: ["a=ssrc:12 cname:c", "a=ssrc:13 cname:c", "a=ssrc-group:FID 12 13"]),
      .audio("2", "recvonly"), .video("3", "recvonly"),
    ])
    let bindings = [
      publish("0", 1, .microphone), publish("1", 2, .camera), subscribe("2", 5, stream: "p"),
      subscribe("3", 6, stream: "p"),
    ]
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.addedPublications.count == 2 && result.addedSubscriptions.count == 2)
    return (machine, offer, bindings, result)
  }

  private func check(
    _ result: NegotiationResult, _ offer: OfferText, usernameFragment: String = "ours1"
  ) throws -> SessionDescription {
    let answer = try SessionDescription.parse(result.answer)
    try AnswerInvariants.check(
      answer, to: SessionDescription.parse(offer.text), usernameFragment: usernameFragment)
    return answer
  }

  @Test("The same offer again changes nothing but the version of the answer")
  func same() throws {
    var (machine, offer, bindings, first) = try call()
    offer.version += 1
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.transport == .unchanged)
    #expect(result.commands.isEmpty)
    #expect(result.peer == first.peer)
    #expect(result.tracks == first.tracks)
    let before = try SessionDescription.parse(first.answer)
    let after = try check(result, offer)
    #expect(before.origin.sessionID == after.origin.sessionID)
    #expect(before.origin.sessionVersion == "1" && after.origin.sessionVersion == "2")
    #expect(before.sections == after.sections)
  }

  @Test("Sections come: the streams that were there go on with their SSRCs")
  func added() throws {
    var (machine, offer, bindings, first) = try call()
    offer.sections += [
      .video("4", "sendonly", lines: ["a=ssrc:21 cname:c"]), .video("5", "recvonly"),
    ]
    bindings += [publish("4", 3, .screen), subscribe("5", 7, stream: "q")]
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.transport == .unchanged)
    #expect(result.addedPublications.map(\.id) == [PublicationID(rawValue: 3)])
    #expect(result.addedSubscriptions.map(\.parameters.publication) == [PublicationID(rawValue: 7)])
    #expect(result.removedPublications.isEmpty && result.removedSubscriptions.isEmpty)
    #expect(result.changedPublications.isEmpty && result.reboundSubscriptions.isEmpty)
    let before = try SessionDescription.parse(first.answer)
    let after = try check(result, offer)
    #expect(Array(after.sections.prefix(4)) == before.sections)
    #expect(after.groups == [.bundle(["0", "1", "2", "3", "4", "5"])])
  }

  @Test("A direction becomes inactive and comes back: the publication keeps its id")
  func directions() throws {
    var (machine, offer, bindings, _) = try call()
    offer.sections[1].direction = "inactive"
    bindings.remove(at: 1)
    var result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.removedPublications == [PublicationID(rawValue: 2)])
    var answer = try check(result, offer)
    #expect(answer.sections[1].direction == .inactive)
    #expect(answer.sections[1].port != 0)

    offer.sections[1].direction = "sendonly"
    bindings.insert(publish("1", 2, .camera, muted: true), at: 1)
    result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.addedPublications.map(\.id) == [PublicationID(rawValue: 2)])
    #expect(result.addedPublications.first?.parameters.muted == true)
    answer = try check(result, offer)
    #expect(answer.sections[1].direction == .recvonly)
  }

  @Test("A subscription turns to another publication on the same stream")
  func rebound() throws {
    var (machine, offer, bindings, first) = try call()
    bindings[3] = subscribe("3", 9, stream: "q")
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    let id = try #require(first.addedSubscriptions.last?.id)
    #expect(
      result.reboundSubscriptions
        == [.init(id: id, publication: PublicationID(rawValue: 9))])
    #expect(result.addedSubscriptions.isEmpty && result.removedSubscriptions.isEmpty)
    let before = try SessionDescription.parse(first.answer)
    let after = try check(result, offer)
    #expect(after.sections[3].sources == before.sections[3].sources)
    #expect(after.sections[3].streamLabels.first?.stream == "q")
    #expect(
      after.sections[3].streamLabels.first?.track == before.sections[3].streamLabels.first?.track)
  }

  @Test("What the caller bound in between is known")
  func reboundWithoutOffer() throws {
    var (machine, offer, bindings, first) = try call()
    let id = try #require(first.addedSubscriptions.last?.id)
    machine.rebind(id, to: PublicationID(rawValue: 9))
    bindings[3] = subscribe("3", 9, stream: "p")
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.commands.isEmpty)
    #expect(result.tracks.last?.role == .subscribe(id, PublicationID(rawValue: 9)))
  }

  @Test("Muting by offer is a command of its own")
  func muted() throws {
    var (machine, offer, bindings, _) = try call()
    bindings[0] = publish("0", 1, .microphone, muted: true)
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.mutedPublications == [.init(id: PublicationID(rawValue: 1), muted: true)])
    #expect(result.commands.count == 1)
  }

  @Test("A publication whose sources change is described anew under its id")
  func changedPublication() throws {
    var (machine, offer, bindings, _) = try call()
    offer.sections[0].lines.removeAll { $0.hasPrefix("a=ssrc") }
    offer.sections[0].lines.append("a=ssrc:99 cname:c")
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.changedPublications.map(\.id) == [PublicationID(rawValue: 1)])
    #expect(
      result.changedPublications.first?.parameters.declaredSources
        == [DeclaredSource(ssrc: SSRC(99), rtxSSRC: nil)])
    #expect(result.addedPublications.isEmpty && result.removedPublications.isEmpty)
  }

  @Test("A subscription whose payload types change stays the same stream")
  func changedSubscription() throws {
    var (machine, offer, bindings, first) = try call()
    let old = try #require(first.addedSubscriptions.last)
    offer.sections[3].lines = offer.sections[3].lines.map {
      $0.replacing("96", with: "100")
    }
    offer.sections[3].formats = "100 97"
    bindings[3] = subscribe("3", 9, stream: "p")
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.removedSubscriptions.isEmpty && result.addedSubscriptions.isEmpty)
    #expect(result.reboundSubscriptions.isEmpty)
    let new = try #require(result.changedSubscriptions.first)
    #expect(new.id == old.id && new.parameters.ssrc == old.parameters.ssrc)
    #expect(new.parameters.payloads.map(\.payloadType) == [100])
    #expect(new.parameters.publication == PublicationID(rawValue: 9))
    #expect(result.commands.map(Self.name) == ["addSubscription"])
    _ = try check(result, offer)
  }

  @Test("Retransmissions that are no longer offered end, and come back under a new SSRC")
  func retransmissionsEnd() throws {
    var (machine, offer, bindings, first) = try call()
    let old = try #require(first.addedSubscriptions.last?.parameters)
    let lines = offer.sections[3].lines
    offer.sections[3].lines.removeAll { $0.hasSuffix(" nack") }
    var result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.changedSubscriptions.map(\.parameters.rtxSSRC) == [nil])
    #expect(try check(result, offer).sections[3].sources == [old.ssrc])
    offer.sections[3].lines = lines
    result = try machine.answer(offer: offer.text, bindings: bindings)
    let new = try #require(result.changedSubscriptions.first?.parameters)
    #expect(new.ssrc == old.ssrc && new.rtxSSRC != nil)
    _ = try check(result, offer)
  }

  @Test("A stopped section ends its track; the place is used again by another mid and kind")
  func reusedSection() throws {
    var (machine, offer, bindings, _) = try call()
    offer.sections[1].port = 0
    offer.sections[1].direction = "inactive"
    bindings.remove(at: 1)
    var result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.removedPublications == [PublicationID(rawValue: 2)])
    var answer = try check(result, offer)
    #expect(answer.sections[1].port == 0)
    #expect(answer.groups == [.bundle(["0", "2", "3"])])

    offer.sections[1] = .audio("9", "recvonly")
    bindings.append(subscribe("9", 8))
    result = try machine.answer(offer: offer.text, bindings: bindings)
    answer = try check(result, offer)
    #expect(answer.sections[1].mid == "9")
    #expect(answer.sections[1].direction == .sendonly)
    #expect(result.addedSubscriptions.count == 1)
  }

  @Test("The tagged section is stopped: the transport moves to the next one and stays the same")
  func taggedStopped() throws {
    var (machine, offer, bindings, first) = try call()
    offer.sections[0].port = 0
    bindings.remove(at: 0)
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.transport == .unchanged)
    #expect(result.peer == first.peer)
    let answer = try check(result, offer)
    #expect(answer.sections[1].candidates.count == 3)
  }

  @Test("All sections stopped: everything ends, the association does not")
  func allStopped() throws {
    var (machine, offer, _, first) = try call()
    for index in offer.sections.indices { offer.sections[index].port = 0 }
    let result = try machine.answer(offer: offer.text, bindings: [])
    #expect(result.transport == .unchanged)
    #expect(result.removedPublications.count == 2 && result.removedSubscriptions.count == 2)
    #expect(try check(result, offer).sections.allSatisfy { $0.port == 0 })
    offer.sections += [.audio("8", "sendonly")]
    let again = try machine.answer(offer: offer.text, bindings: [publish("8", 4, .microphone)])
    #expect(again.transport == .unchanged)
    #expect(again.peer == first.peer)
  }

  @Test("Sections never go away, change their order or their mid")
  func order() throws {
    let (machine, offer, _, _) = try call()
    func refusal(_ change: (inout OfferText) -> Void) throws -> NegotiationError {
      var offer = offer
      change(&offer)
      var copy = machine
      return try #require(throws: NegotiationError.self) {
        try copy.answer(offer: offer.text, bindings: [])
      }
    }
    #expect(try refusal { $0.sections.removeLast() } == .sectionsRemoved(before: 4, now: 3))
    #expect(
      try refusal { $0.sections.swapAt(0, 2) }
        == .sectionChanged(section: 0, before: "audio with mid 0", now: "audio with mid 2"))
    #expect(
      try refusal { $0.sections[3].mid = "7" }
        == .sectionChanged(section: 3, before: "video with mid 3", now: "video with mid 7"))
  }

  @Test("New ICE credentials alone restart ICE; the media goes on")
  func iceRestart() throws {
    var (machine, offer, bindings, first) = try call()
    offer.usernameFragment = "again"
    offer.password = "anotherpasswordanotherpass"
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    guard case .iceRestart(let local, let remote) = result.transport else {
      Issue.record("\(result.transport)")
      return
    }
    #expect(local.usernameFragment == "ours2" && remote.usernameFragment == "again")
    #expect(result.peer == first.peer)
    #expect(result.commands.count == 1)
    _ = try check(result, offer, usernameFragment: "ours2")
  }

  @Test(
    "ICE restarts of Chromium and Firefox",
    arguments: ["chromium156-reoffer-ice-restart", "firefox153-reoffer-ice-restart"])
  func fixtureRestart(name: String) throws {
    let text = NegotiationFixtures.text(name)
    let offer = try SessionDescription.parse(text)
    let fragment = try #require(offer.sections[0].attributes.iceUsernameFragment)
    let before = text.replacing("a=ice-ufrag:\(fragment)", with: "a=ice-ufrag:before")
    var machine = try NegotiationFixtures.machine()
    let first = try machine.answer(offer: before, bindings: [], unbound: .publish)
    let result = try machine.answer(offer: text, bindings: [], unbound: .publish)
    guard case .iceRestart(_, let remote) = result.transport else {
      Issue.record("\(result.transport)")
      return
    }
    #expect(remote.usernameFragment == fragment)
    #expect(result.peer == first.peer)
    #expect(result.tracks == first.tracks)
  }

  @Test("A new certificate, or a new session with new credentials, is a new peer connection")
  func newPeer() throws {
    let (machine, offer, bindings, first) = try call()
    var certificate = offer
    certificate.fingerprints = ["sha-256 " + OfferText.octets(32, 9)]
    var session = offer
    session.sessionID = "2222"
    session.usernameFragment = "other"
    for offer in [certificate, session] {
      var machine = machine
      let result = try machine.answer(offer: offer.text, bindings: bindings)
      guard case .new(let parameters, let replaced) = result.transport else {
        Issue.record("\(result.transport)")
        continue
      }
      #expect(replaced == first.peer)
      #expect(result.peer != first.peer)
      let fragment = parameters.local.usernameFragment
      #expect(fragment != "ours1")
      // The publications moved, the subscriptions are other streams.
      #expect(result.removedPublications.isEmpty && result.addedPublications.isEmpty)
      #expect(result.changedPublications.map(\.id.rawValue) == [1, 2])
      #expect(result.changedPublications.allSatisfy { $0.parameters.peer == result.peer })
      #expect(result.removedSubscriptions == first.addedSubscriptions.map(\.id))
      #expect(result.addedSubscriptions.count == 2)
      let answer = try check(result, offer, usernameFragment: fragment)
      #expect(answer.origin.sessionVersion == "1")
      #expect(
        answer.origin.sessionID != (try SessionDescription.parse(first.answer)).origin.sessionID)
    }
  }

  @Test("A new peer connection may have other sections in another order")
  func newPeerOtherSections() throws {
    var (machine, _, _, first) = try call()
    var offer = OfferText([.video("v", "sendonly")])
    offer.sessionID = "3333"
    offer.fingerprints = ["sha-256 " + OfferText.octets(32, 9)]
    let result = try machine.answer(offer: offer.text, bindings: [publish("v", 2, .camera)])
    #expect(result.removedPublications == [PublicationID(rawValue: 1)])
    #expect(result.changedPublications.map(\.id) == [PublicationID(rawValue: 2)])
    #expect(result.removedSubscriptions.count == 2)
    #expect(result.peer != first.peer)
  }

  @Test("A client that counts its session up with every offer stays the same peer connection")
  func sessionIDChanges() throws {
    var (machine, offer, bindings, first) = try call()
    offer.sessionID = "4444"
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.transport == .unchanged)
    #expect(result.peer == first.peer)
  }

  @Test("After the worker gave the peer up the next offer is a new peer")
  func forgotten() throws {
    var (machine, offer, bindings, first) = try call()
    machine.forgetPeer()
    #expect(machine.peer == nil)
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.peer != first.peer)
    guard case .new(_, nil) = result.transport else {
      Issue.record("\(result.transport)")
      return
    }
  }

  @Test("A refused re-offer leaves the call as it was")
  func refusedReoffer() throws {
    var (machine, offer, bindings, _) = try call()
    var broken = offer
    broken.sections.removeLast()
    _ = try? machine.answer(offer: broken.text, bindings: bindings)
    _ = try? machine.answer(offer: "v=0", bindings: bindings)
    offer.version = 9
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(result.commands.isEmpty)
    #expect(try SessionDescription.parse(result.answer).origin.sessionVersion == "2")
  }

  @Test("WHEP again: sections keep what they play, slots take what is new")
  func whepAgain() throws {
    var machine = try NegotiationFixtures.machine()
    let track = { (id: UInt64) in
      PlayableTrack(publication: PublicationID(rawValue: id), kind: .video)
    }
    let offer = OfferText([.video("0", "recvonly"), .video("1", "recvonly")])
    let first = try machine.answer(
      offer: offer.text, bindings: [], unbound: .play([track(5)], stream: "p"))
    let result = try machine.answer(
      offer: offer.text, bindings: [], unbound: .play([track(4), track(5)], stream: "p"))
    #expect(
      result.reboundSubscriptions
        == [.init(id: first.addedSubscriptions[1].id, publication: PublicationID(rawValue: 4))])
  }

  @Test("Commands come in an order that the worker can follow")
  func commandOrder() throws {
    var (machine, offer, bindings, first) = try call()
    #expect(
      first.commands.map(Self.name) == [
        "addPeer", "addPublication", "addPublication", "addSubscription", "addSubscription",
      ])
    offer.fingerprints = ["sha-256 " + OfferText.octets(32, 9)]
    bindings.remove(at: 0)
    let result = try machine.answer(offer: offer.text, bindings: bindings)
    #expect(
      result.commands.map(Self.name) == [
        "removeSubscription", "removeSubscription", "removePublication",
        "addPeer", "addPublication", "addSubscription", "addSubscription", "removePeer",
      ])
  }

  private static func name(_ command: WorkerCommand) -> String {
    String("\(command)".prefix { $0 != "(" })
  }
}
