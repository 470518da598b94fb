import Consultation
import MediaEngine
import Signaling
import Testing
import Transport
import Wire

/// Every offer that a real client made gets the answer that was read off it by hand.
@Suite("Answers to the offers of real clients")
struct FixtureAnswerTests {
  private static let chromiumAudio = "0 audio recvonly 63 111 ext 1,3,4"
  private static let chromiumVP8 = "1 video recvonly 96 97 ext 3,4"
  private static let chromiumH264 = "1 video recvonly 108 109 ext 3,4"
  private static let chromiumViewer =
    "video sendonly 96 97 102 103 104 107 108 109 114 115 116 117 39 40 41 42 43 44 ext 3,4"
  private static let firefoxAudio = "0 audio recvonly 109 ext 1,3,7"
  private static let firefoxVP8 = "1 video recvonly 120 124 ext 3,7"
  private static let chromiumSimulcast = "1 video recvonly 96 97 ext 10,11,3,4"
  private static let firefoxSimulcast = "1 video recvonly 120 124 ext 10,3,7,9"
  private static let rejected = "1 video rejected"

  /// What each section is answered with; empty = the offer is refused as a whole.
  static let expected: [String: [String]] = [
    "aiortc1.16-offer-sendonly-av": [
      "0 audio recvonly 96 ext 1,2", "1 video recvonly 97 98 ext 1",
    ],
    "chromium156-offer-data-only": [],
    "chromium156-offer-recvonly-a-3v": [
      "0 audio sendonly 63 111 ext 1,3,4", "1 " + chromiumViewer, "2 " + chromiumViewer,
      "3 " + chromiumViewer,
    ],
    "chromium156-offer-recvonly-av-mdns": [
      "0 audio sendonly 63 111 ext 1,3,4", "1 " + chromiumViewer,
    ],
    "chromium156-offer-recvonly-av": ["0 audio sendonly 63 111 ext 1,3,4", "1 " + chromiumViewer],
    "chromium156-offer-sendonly-audio": [chromiumAudio],
    "chromium156-offer-sendonly-av-balanced-bundle": [chromiumAudio, chromiumVP8],
    "chromium156-offer-sendonly-av-data": [chromiumAudio, chromiumVP8, "2 application rejected"],
    "chromium156-offer-sendonly-av-only-AV1": [chromiumAudio, rejected],
    "chromium156-offer-sendonly-av-only-H264": [chromiumAudio, chromiumH264],
    "chromium156-offer-sendonly-av-only-VP8": [chromiumAudio, chromiumVP8],
    "chromium156-offer-sendonly-av-only-VP9": [chromiumAudio, rejected],
    "chromium156-offer-sendonly-av-trickle-no-candidates": [chromiumAudio, chromiumVP8],
    "chromium156-offer-sendonly-av": [chromiumAudio, chromiumVP8],
    "chromium156-offer-sendrecv-av": [
      "0 audio sendrecv 63 111 ext 1,3,4",
      "1 video sendrecv 96 97 102 103 104 107 108 109 114 115 116 117 39 40 ext 3,4",
    ],
    "chromium156-offer-simulcast-rids-only-AV1": [chromiumAudio, rejected],
    "chromium156-offer-simulcast-rids-only-H264": [
      chromiumAudio, "1 video recvonly 108 109 ext 10,11,3,4",
    ],
    "chromium156-offer-simulcast-rids-only-VP8": [chromiumAudio, chromiumSimulcast],
    "chromium156-offer-simulcast-rids-only-VP9": [chromiumAudio, rejected],
    "chromium156-offer-simulcast-rids": [chromiumAudio, chromiumSimulcast],
    "chromium156-offer-svc-L1T3-only-AV1": [chromiumAudio, rejected],
    "chromium156-offer-svc-L3T3_KEY-only-VP9": [chromiumAudio, rejected],
    "chromium156-reoffer-ice-restart": [chromiumAudio, chromiumVP8],
    "firefox153-offer-data-only": [],
    "firefox153-offer-recvonly-a-3v": [
      "0 audio sendonly 109 ext 1,3,7", "1 video sendonly 120 124 ext 3,7",
      "2 video sendonly 120 124 ext 3,7", "3 video sendonly 120 124 ext 3,7",
    ],
    "firefox153-offer-recvonly-av-mdns": [
      "0 audio sendonly 109 ext 1,3,7", "1 video sendonly 120 124 ext 3,7",
    ],
    "firefox153-offer-recvonly-av": [
      "0 audio sendonly 109 ext 1,3,7", "1 video sendonly 120 124 ext 3,7",
    ],
    "firefox153-offer-sendonly-audio": [firefoxAudio],
    "firefox153-offer-sendonly-av-balanced-bundle": [firefoxAudio, firefoxVP8],
    "firefox153-offer-sendonly-av-data": [firefoxAudio, firefoxVP8, "2 application rejected"],
    "firefox153-offer-sendonly-av-only-AV1": [firefoxAudio, rejected],
    "firefox153-offer-sendonly-av-only-VP8": [firefoxAudio, firefoxVP8],
    "firefox153-offer-sendonly-av-only-VP9": [firefoxAudio, rejected],
    "firefox153-offer-sendonly-av-trickle-no-candidates": [firefoxAudio, firefoxVP8],
    "firefox153-offer-sendonly-av": [firefoxAudio, firefoxVP8],
    "firefox153-offer-sendrecv-av": [
      "0 audio sendrecv 109 ext 1,3,7", "1 video sendrecv 120 124 ext 3,7",
    ],
    "firefox153-offer-simulcast-rids-only-AV1": [firefoxAudio, rejected],
    "firefox153-offer-simulcast-rids-only-VP8": [firefoxAudio, firefoxSimulcast],
    "firefox153-offer-simulcast-rids-only-VP9": [firefoxAudio, rejected],
    "firefox153-offer-simulcast-rids": [firefoxAudio, firefoxSimulcast],
    "firefox153-offer-svc-L1T3-only-AV1": [firefoxAudio, rejected],
    "firefox153-offer-svc-L3T3_KEY-only-VP9": [firefoxAudio, rejected],
    "firefox153-reoffer-ice-restart": [firefoxAudio, firefoxVP8],
    "gstreamer1.22-offer-sendonly-av": [
      "audio0 audio recvonly 111 97 ext ", "video1 video recvonly 96 98 ext ",
    ],
  ]

  /// Publishes what sends and subscribes what receives.
  private static func bindings(_ offer: SessionDescription) -> [TrackBinding] {
    var bindings: [TrackBinding] = []
    for section in offer.sections {
      guard let kind = MediaKind(rawValue: section.media), let mid = section.mid else { continue }
      let direction = offer.direction(of: section)
      if direction.sends {
        let id = PublicationID(rawValue: UInt64(bindings.count + 1))
        bindings.append(
          TrackBinding(
            mid: mid,
            role: .publish(id, source: kind == .audio ? .microphone : .camera, muted: false)))
      }
      if direction.receives {
        bindings.append(
          TrackBinding(
            mid: mid,
            role: .subscribe(PublicationID(rawValue: 77), kind: kind, stream: "physician")))
      }
    }
    return bindings
  }

  @Test("There is an expectation for every offer")
  func complete() {
    #expect(NegotiationFixtures.names == Self.expected.keys.map { $0 + ".sdp" }.sorted())
  }

  @Test("Section by section", arguments: expected.keys.sorted())
  func answer(name: String) throws {
    let text = NegotiationFixtures.text(name)
    let offer = try SessionDescription.parse(text)
    let expected = try #require(Self.expected[name])
    var machine = try NegotiationFixtures.machine()
    guard !expected.isEmpty else {
      let error = try #require(throws: NegotiationError.self) {
        try machine.answer(offer: text, bindings: [])
      }
      guard case .allSectionsRejected(let rejections) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(rejections.map(\.reason) == [.unsupportedMedia("application")])
      return
    }
    let result = try machine.answer(offer: text, bindings: Self.bindings(offer))
    let answer = try SessionDescription.parse(result.answer)
    #expect(answer.description == result.answer)
    #expect(AnswerDigest.of(answer) == expected)
    try AnswerInvariants.check(answer, to: offer)
    try checkParameters(result, offer)
  }

  @Test(
    "WHIP and WHEP answer the same without being told what the sections are for",
    arguments: expected.keys.filter { !$0.contains("sendrecv") && !$0.contains("data-only") }
      .sorted())
  func standalone(name: String) throws {
    let text = NegotiationFixtures.text(name)
    let offer = try SessionDescription.parse(text)
    let isViewer = name.contains("recvonly")
    let track = { PlayableTrack(publication: PublicationID(rawValue: $0), kind: $1) }
    var machine = try NegotiationFixtures.machine()
    let result = try machine.answer(
      offer: text, bindings: [],
      unbound: isViewer
        ? .play([track(1, .audio), track(2, .video)], stream: "patient") : .publish)
    let answer = try SessionDescription.parse(result.answer)
    #expect(AnswerDigest.of(answer) == Self.expected[name])
    try AnswerInvariants.check(answer, to: offer)
    let live = answer.sections.filter { $0.port != 0 }.count
    #expect(result.addedSubscriptions.count == (isViewer ? live : 0))
    #expect(result.addedPublications.count == (isViewer ? 0 : live))
    if isViewer {
      let slots = result.addedSubscriptions.map(\.parameters.publication?.rawValue)
      #expect(Array(slots.prefix(2)) == [1, 2])
      #expect(slots.dropFirst(2).allSatisfy { $0 == nil })
    }
  }

  @Test(
    "All encodings of a simulcast offer are taken, from the smallest picture up",
    arguments: expected.keys.filter { $0.contains("simulcast") }.sorted())
  func simulcast(name: String) throws {
    let text = NegotiationFixtures.text(name)
    var machine = try NegotiationFixtures.machine()
    let result = try machine.answer(offer: text, bindings: [], unbound: .publish)
    let answer = try SessionDescription.parse(result.answer)
    for publication in result.addedPublications.map(\.parameters) {
      let section = try #require(answer.sections.first { $0.mid == publication.mid })
      guard publication.kind == .video else {
        #expect(publication.encodings.isEmpty)
        continue
      }
      #expect(publication.encodings == ["q", "h", "f"])
      #expect(publication.extensions[.rtpStreamID] != nil)
      #expect(publication.extensions[.repairedRTPStreamID] != nil)
      let lines = section.attributes.map(\.description)
      for rid in publication.encodings {
        #expect(lines.contains { $0.contains("rid:\(rid) recv") })
      }
      #expect(lines.contains { $0.contains("simulcast:recv q;h;f") })
    }
  }

  @Test("Encodings that are paused, from the largest down or without a rid line are put right")
  func otherSimulcast() throws {
    let text = NegotiationFixtures.text("chromium156-offer-simulcast-rids-only-VP8")
    func encodings(
      _ line: String, without gone: String = "-", answer: String = "a=simulcast:recv"
    ) throws -> [String] {
      var machine = try NegotiationFixtures.machine()
      let offer = text.replacing("a=simulcast:send q;h;f", with: line).replacing(
        "a=rid:\(gone) send\r\n", with: "")
      let result = try machine.answer(offer: offer, bindings: [], unbound: .publish)
      #expect(result.answer.contains(answer) || answer == "a=simulcast:recv")
      return result.addedPublications.flatMap(\.parameters.encodings)
    }
    // What is paused stays so: browsers start what an answer does not call paused.
    #expect(
      try encodings("a=simulcast:send ~q;~h;f", answer: "a=simulcast:recv ~q;~h;f")
        == ["q", "h", "f"])
    #expect(try encodings("a=simulcast:send f;h;q") == ["q", "h", "f"])
    #expect(try encodings("a=simulcast:send q;h;f", without: "h") == ["q", "f"])
    #expect(try encodings("a=simulcast:send q,h;f") == ["q", "f"])
    #expect(try encodings("a=simulcast:send f") == [])
  }

  /// What the worker is told agrees with the offer.
  private func checkParameters(_ result: NegotiationResult, _ offer: SessionDescription) throws {
    guard case .new(let peer, nil) = result.transport else {
      Issue.record("not a new association: \(result.transport)")
      return
    }
    let first = try #require(offer.sections.first)
    #expect(peer.remote.usernameFragment == first.attributes.iceUsernameFragment)
    #expect(peer.remote.password == first.attributes.icePassword)
    let fingerprints = offer.attributes.fingerprints + first.attributes.fingerprints
    #expect(peer.remoteFingerprints.map(\.sdp) == fingerprints)

    for publication in result.addedPublications.map(\.parameters) {
      let section = try #require(offer.sections.first { $0.mid == publication.mid })
      #expect(offer.direction(of: section).sends)
      #expect(publication.peer == result.peer)
      let groups = section.sourceGroups.filter { $0.semantics == "FID" }
      if groups.isEmpty {
        #expect(publication.declaredSources.map(\.ssrc) == section.sources)
      } else {
        #expect(
          publication.declaredSources
            == groups.map { DeclaredSource(ssrc: $0.sources[0], rtxSSRC: $0.sources[1]) })
      }
      let answer = try SessionDescription.parse(result.answer)
      let answered = try #require(answer.sections.first { $0.mid == publication.mid })
      #expect(
        Set(answered.payloadTypes)
          == Set(
            publication.payloads.flatMap {
              [$0.payloadType] + ($0.rtxPayloadType.map { [$0] } ?? [])
            }))
      for entry in answered.extensionMaps {
        let meaning = try #require(HeaderExtension(uri: entry.uri))
        #expect(publication.extensions[meaning].map(UInt16.init) == entry.id)
      }
    }
    for subscription in result.addedSubscriptions.map(\.parameters) {
      #expect(subscription.publication == PublicationID(rawValue: 77))
      #expect(subscription.cname == "physician")
      #expect((subscription.rtxSSRC != nil) == (subscription.kind == .video))
    }
  }

  @Test("Feedback is what both sides have: Chromium has all, GStreamer lacks the extension")
  func feedback() throws {
    let feedback = { (name: String) throws -> [RTCPFeedback] in
      let text = NegotiationFixtures.text(name)
      var machine = try NegotiationFixtures.machine()
      let result = try machine.answer(
        offer: text, bindings: Self.bindings(try SessionDescription.parse(text)))
      return result.addedPublications.map(\.parameters.feedback)
    }
    #expect(
      try feedback("chromium156-offer-sendonly-av")
        == [[.transportCC], [.transportCC, .remb, .nack, .pli, .fir]])
    #expect(
      try feedback("firefox153-offer-sendonly-av")
        == [[.transportCC], [.transportCC, .remb, .nack, .pli, .fir]])
    #expect(try feedback("gstreamer1.22-offer-sendonly-av") == [[.nack], [.nack, .pli, .fir]])
    #expect(try feedback("aiortc1.16-offer-sendonly-av") == [[], [.remb, .nack, .pli]])
  }
}
