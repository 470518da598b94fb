import Consultation
import MediaEngine
import Signaling
import Testing
import Transport
import Wire

@Suite("First offers")
struct FirstOfferTests {
  private typealias Section = OfferText.Section

  private func publish(_ mid: String, _ id: UInt64, _ source: MediaSource) -> TrackBinding {
    TrackBinding(
      mid: mid, role: .publish(PublicationID(rawValue: id), source: source, muted: false))
  }

  private func subscribe(
    _ mid: String, _ id: UInt64? = nil, kind: MediaKind? = nil, stream: String? = nil
  ) -> TrackBinding {
    TrackBinding(
      mid: mid,
      role: .subscribe(id.map { PublicationID(rawValue: $0) }, kind: kind, stream: stream))
  }

  private func answer(
    _ offer: OfferText, _ bindings: [TrackBinding] = [], unbound: UnboundSections = .inactive
  ) throws -> (NegotiationResult, SessionDescription) {
    var machine = try NegotiationFixtures.machine()
    let result = try machine.answer(offer: offer.text, bindings: bindings, unbound: unbound)
    let answer = try SessionDescription.parse(result.answer)
    try AnswerInvariants.check(answer, to: SessionDescription.parse(offer.text))
    return (result, answer)
  }

  private func refusal(
    _ offer: OfferText, _ bindings: [TrackBinding] = [], unbound: UnboundSections = .inactive
  ) throws -> NegotiationError {
    var machine = try NegotiationFixtures.machine()
    let error = try #require(throws: NegotiationError.self) {
      try machine.answer(offer: offer.text, bindings: bindings, unbound: unbound)
    }
    #expect(!error.description.isEmpty)
    #expect(machine.peer == nil, "a refused offer leaves nothing behind")
    return error
  }

  // MARK: Roles

  @Test("Sections that nobody names are inactive, and say so to the worker by saying nothing")
  func unnamed() throws {
    let (result, answer) = try answer(
      OfferText([.audio("0", "sendrecv"), .video("1", "recvonly")]))
    #expect(answer.sections.map(\.direction) == [.inactive, .inactive])
    #expect(result.tracks.isEmpty)
    #expect(result.addedPublications.isEmpty && result.addedSubscriptions.isEmpty)
    #expect(result.commands.count == 1)
  }

  @Test("A sendrecv section carries a publication and a subscription")
  func both() throws {
    let (result, answer) = try answer(
      OfferText([.audio("0", "sendrecv"), .video("1", "sendrecv")]),
      [
        publish("0", 1, .microphone), subscribe("0", 8, kind: .audio, stream: "p1"),
        publish("1", 2, .camera), subscribe("1", 9, kind: .video, stream: "p1"),
      ])
    #expect(answer.sections.map(\.direction) == [.sendrecv, .sendrecv])
    #expect(result.tracks.count == 4)
    let labels = answer.sections.compactMap { $0.streamLabels.first }
    #expect(labels.map(\.stream) == ["p1", "p1"])
    #expect(Set(labels.map(\.track)).count == 2)
    #expect(Set(result.addedSubscriptions.map(\.parameters.cname)) == ["p1"])
    let video = try #require(result.addedSubscriptions.last?.parameters)
    #expect(answer.sections[1].sources == [video.ssrc, video.rtxSSRC])
  }

  @Test("A subscription may wait for its publication")
  func slot() throws {
    let (result, answer) = try answer(OfferText([.video("1", "recvonly")]), [subscribe("1")])
    #expect(result.addedSubscriptions.first?.parameters.publication == nil)
    #expect(answer.sections[0].direction == .sendonly)
    #expect(answer.sections[0].streamLabels.first?.stream == "-")
  }

  @Test("A publisher gets one video codec, a viewer all, VP8 first")
  func codecs() throws {
    let (published, _) = try answer(
      OfferText([.video("1", "sendonly")]), [publish("1", 1, .camera)])
    #expect(
      published.addedPublications.first?.parameters.payloads
        == [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)])
    let (viewed, answer) = try answer(OfferText([.video("1", "recvonly")]), [subscribe("1", 1)])
    #expect(answer.sections[0].formats == ["96", "97", "102", "103"])
    let payloads = try #require(viewed.addedSubscriptions.first?.parameters.payloads)
    let constrained = { MediaCodec.h264(profile: 0x42E0, packetizationMode: $0) }
    #expect(
      payloads
        == [
          PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97),
          PayloadBinding(codec: constrained(1), payloadType: 102, rtxPayloadType: nil),
          PayloadBinding(codec: constrained(0), payloadType: 102, rtxPayloadType: nil),
        ].map { binding in
          var binding = binding
          if binding.payloadType == 102 { binding.rtxPayloadType = 103 }
          return binding
        })
  }

  @Test("Without nack there is no retransmission")
  func retransmissionNeedsNACK() throws {
    var video = Section.video("1", "recvonly", h264: false)
    video.lines.removeAll { $0 == "a=rtcp-fb:96 nack" }
    let (result, answer) = try answer(OfferText([video]), [subscribe("1", 1)])
    #expect(answer.sections[0].formats == ["96"])
    #expect(result.addedSubscriptions.first?.parameters.rtxSSRC == nil)
    #expect(answer.sections[0].sourceGroups.isEmpty)
  }

  @Test(
    "Every spelling of an H.264 profile (RFC 6184 section 8.1)",
    arguments: [
      ("42e01f", 0x42E0), ("42c01f", 0x42E0), ("42401f", 0x42E0), ("4d801f", 0x42E0),
      ("4D8028", 0x42E0), ("58c01f", 0x42E0), ("42001f", 0x4200), ("42801e", 0x4200),
      ("58801f", 0x4200), ("4d001f", 0x4D00), ("4d401f", 0x4D00), ("58001f", 0x5800),
      ("64001f", 0x6400), ("640c1f", 0x640C), ("f4001f", 0xF400),
    ] as [(String, UInt16)])
  func profiles(text: String, profile: UInt16) throws {
    let video = Section(
      media: "video", mid: "1", formats: "102",
      lines: [
        "a=rtcp-mux", "a=rtpmap:102 H264/90000",
        "a=fmtp:102 packetization-mode=1; profile-level-id=\(text)",
      ])
    let (result, _) = try answer(OfferText([video]), [publish("1", 1, .camera)])
    #expect(
      result.addedPublications.first?.parameters.payloads.map(\.codec)
        == [.h264(profile: profile, packetizationMode: 1)])
  }

  @Test("H.264 without parameters is Baseline, one with strange ones is no codec of ours")
  func oddProfiles() throws {
    var video = Section(
      media: "video", mid: "1", formats: "102",
      lines: ["a=rtcp-mux", "a=rtpmap:102 H264/90000"])
    let (result, answer) = try answer(OfferText([video]), [publish("1", 1, .camera)])
    #expect(
      result.addedPublications.first?.parameters.payloads.map(\.codec)
        == [.h264(profile: 0x4200, packetizationMode: 0)])
    #expect(answer.sections[0].formatParameters(102) == nil)
    for odd in ["profile-level-id=42e0", "profile-level-id=+2e01f", "packetization-mode=2"] {
      video.lines.removeAll { $0.hasPrefix("a=fmtp") }
      video.lines.append("a=fmtp:102 \(odd)")
      guard case .allSectionsRejected = try refusal(OfferText([video])) else {
        Issue.record("\(odd) was taken")
        continue
      }
    }
  }

  @Test("Round trips for who only receives are agreed on where they are offered, other reports not")
  func receiverRoundTrips() throws {
    for (offered, answered) in [
      ("pkt-loss-rle rcvr-rtt=all:100 voip-metrics", "rcvr-rtt=all:100"),
      ("rcvr-rtt=sender", "rcvr-rtt=sender"), ("rcvr-rtt=all:x", nil), ("rcvr-rtt=both", nil),
      ("voip-metrics", nil),
    ] as [(String, String?)] {
      let section = Section.audio(
        "0", "recvonly", lines: ["a=rtcp-xr:\(offered)", "a=rtcp-fb:111 rrtr"])
      let (_, answer) = try answer(OfferText([section]), [subscribe("0", 1)])
      let found = answer.sections[0].attributes.filter {
        if case .other("rtcp-xr", _) = $0 { true } else { false }
      }
      #expect(found == answered.map { [.other(name: "rtcp-xr", value: $0)] } ?? [])
      #expect(
        answer.sections[0].attributes.contains(
          .feedback(FeedbackAttribute(payloadType: 111, feedback: "rrtr"))))
    }
    let (_, silent) = try answer(
      OfferText([Section.audio("0", "recvonly")]), [subscribe("0", 1)])
    #expect(!silent.description.contains("rtcp-xr"))
    #expect(!silent.description.contains("rrtr"))
  }

  // MARK: Header extensions

  @Test("Ids beyond 14, double ids and the wrong direction are not negotiated")
  func extensions() throws {
    let lines = [
      "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc",
      "a=extmap:15 \(HeaderExtension.mid.uri)",
      "a=extmap:5/recvonly \(HeaderExtension.audioLevel.uri)",
      "a=extmap:5 \(HeaderExtension.transportWideCC.uri)",
    ]
    let (result, answer) = try answer(
      OfferText([Section(lines: lines)]), [publish("0", 1, .microphone)])
    #expect(answer.sections[0].extensionMaps.map(\.id) == [5])
    let map = try #require(result.addedPublications.first?.parameters.extensions)
    #expect(map[.transportWideCC] == 5)
    #expect(map[.mid] == nil && map[.audioLevel] == nil)
  }

  @Test("A direction suffix comes back turned around")
  func extensionDirections() throws {
    let lines = [
      "a=rtcp-mux", "a=rtpmap:111 opus/48000/2",
      "a=extmap:1/sendonly \(HeaderExtension.audioLevel.uri)",
      "a=extmap:2/sendrecv \(HeaderExtension.mid.uri)",
    ]
    let (_, answer) = try answer(
      OfferText([Section(lines: lines)]), [publish("0", 1, .microphone)])
    #expect(answer.sections[0].extensionMaps.map(\.direction) == [.recvonly, .sendrecv])
  }

  @Test("Transport-wide feedback needs both the extension and the rtcp-fb; else REMB from a viewer")
  func transportCC() throws {
    var video = Section.video("1", "recvonly", h264: false, lines: ["a=rtcp-fb:96 goog-remb"])
    let (both, _) = try answer(OfferText([video]), [subscribe("1", 1)])
    #expect(
      both.addedSubscriptions.first?.parameters.feedback == [.nack, .pli, .fir, .transportCC])
    video.lines.removeAll { $0.contains("transport-wide") }
    let (without, _) = try answer(OfferText([video]), [subscribe("1", 1)])
    #expect(without.addedSubscriptions.first?.parameters.feedback == [.nack, .pli, .fir, .remb])
  }

  // MARK: Sections

  @Test("A rejected first section: the next one has the transport and its candidates")
  func rejectedFirst() throws {
    let (result, answer) = try answer(
      OfferText([.data("d"), .audio("a", "sendonly")]), [publish("a", 1, .microphone)])
    #expect(answer.sections.map(\.port) == [0, 5000])
    #expect(answer.groups == [.bundle(["a"])])
    #expect(result.rejections.map(\.reason) == [.unsupportedMedia("application")])
    #expect(result.rejections.map(\.mid) == ["d"])
  }

  @Test("A section of port 0 is stopped; with bundle-only in the group it is not")
  func portZero() throws {
    var video = Section.video("1", "sendonly")
    video.port = 0
    var offer = OfferText([.audio("0", "sendonly"), video])
    let (_, stopped) = try answer(offer, [publish("0", 1, .microphone)])
    #expect(stopped.sections.map(\.port) == [5000, 0])
    video.lines.append("a=bundle-only")
    offer.sections[1] = video
    let (_, outside) = try answer(offer, [publish("0", 1, .microphone)])
    #expect(outside.sections.map(\.port) == [5000, 0])
    offer.bundle = ["0", "1"]
    let (_, inside) = try answer(
      offer, [publish("0", 1, .microphone), publish("1", 2, .camera)])
    #expect(inside.sections.map(\.port) == [5000, 5000])
  }

  @Test("A section outside the BUNDLE group is rejected, the others live")
  func outsideBundle() throws {
    var offer = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
    offer.bundle = ["0"]
    let (result, answer) = try answer(offer, [publish("0", 1, .microphone)])
    #expect(answer.sections.map(\.port) == [5000, 0])
    #expect(result.rejections.map(\.reason) == [.outsideBundle])
  }

  @Test("A single section needs neither BUNDLE nor mid")
  func single() throws {
    var offer = OfferText([.audio(nil, "sendonly")])
    offer.hasBundle = false
    let (result, answer) = try answer(offer, unbound: .publish)
    #expect(answer.groups.isEmpty)
    #expect(answer.sections[0].mid == nil)
    #expect(result.tracks.map(\.mid) == ["0"])
  }

  @Test("Transport attributes may stand at the level of the session alone")
  func sessionLevel() throws {
    var offer = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
    offer.sessionLines =
      ["a=ice-ufrag:them", "a=ice-pwd:\(offer.password)", "a=setup:active"]
      + offer.fingerprints.map { "a=fingerprint:\($0)" }
    offer.usernameFragment = nil
    offer.fingerprints = []
    offer.setup = nil
    let (result, _) = try answer(offer)
    guard case .new(let peer, _) = result.transport else {
      Issue.record("no new association")
      return
    }
    #expect(peer.remote.usernameFragment == "them")
    #expect(peer.remoteFingerprints.count == 1)
  }

  @Test("The worst codec of all, telephone events and the like are never answered")
  func otherCodecs() throws {
    let audio = Section(
      formats: "0 8 9 63 111 110",
      lines: [
        "a=rtcp-mux", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtpmap:9 G722/8000",
        "a=rtpmap:111 opus/48000/2", "a=rtpmap:110 telephone-event/48000",
      ])
    let (_, answer) = try answer(OfferText([audio]), [publish("0", 1, .microphone)])
    #expect(answer.sections[0].formats == ["63", "111"])
  }

  private func redundant(_ direction: String, blocks: String?) -> Section {
    var section = Section.audio("0", direction, lines: ["a=rtpmap:63 red/48000/2"])
    section.formats = "111 63"
    if let blocks { section.lines.append("a=fmtp:63 \(blocks)") }
    return section
  }

  @Test("RED comes before the Opus inside it, for publishers and viewers")
  func redundancy() throws {
    let bindings = [
      PayloadBinding(codec: .red, payloadType: 63, rtxPayloadType: nil),
      PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil),
    ]
    let (published, answer) = try answer(
      OfferText([redundant("sendonly", blocks: "111/111")]), [publish("0", 1, .microphone)])
    #expect(answer.sections[0].formats == ["63", "111"])
    #expect(answer.description.contains("a=fmtp:63 111/111\r\n"))
    #expect(answer.sections[0].formatParameters(111)?["useinbandfec"] == "1")
    #expect(published.addedPublications.first?.parameters.payloads == bindings)
    #expect(published.addedPublications.first?.parameters.feedback == .transportCC)
    let (viewed, _) = try self.answer(
      OfferText([redundant("recvonly", blocks: "111/111/111")]), [subscribe("0", 1)])
    #expect(viewed.addedSubscriptions.first?.parameters.payloads == bindings)
    #expect(viewed.addedSubscriptions.first?.parameters.feedback == .transportCC)
  }

  @Test(
    "RED of anything but the section's Opus is not taken",
    arguments: [nil, "0/5", "111/0", "111/", "/", "apt=111", "111/x", "111=111"])
  func otherRedundancy(blocks: String?) throws {
    let (_, answer) = try answer(
      OfferText([redundant("sendonly", blocks: blocks)]), [publish("0", 1, .microphone)])
    #expect(answer.sections[0].formats == ["111"])
  }

  @Test("RED without Opus is no codec")
  func redundancyAlone() throws {
    let section = Section(
      formats: "63",
      lines: ["a=rtcp-mux", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"])
    _ = try refusal(OfferText([section]), [publish("0", 1, .microphone)])
  }

  @Test("SSRCs of ours never collide with each other or the client's")
  func sources() throws {
    // The source counts from 0x1001; the client has taken the first values.
    let (result, _) = try answer(
      OfferText([
        .audio("0", "sendrecv", lines: ["a=ssrc:4099 cname:c", "a=ssrc:4100 cname:c"]),
        .video("1", "recvonly"),
      ]),
      [publish("0", 1, .microphone), subscribe("0", 5), subscribe("1", 6)])
    let ours = result.addedSubscriptions.flatMap { [$0.parameters.ssrc, $0.parameters.rtxSSRC] }
      .compactMap { $0 }
    #expect(ours.count == 3)
    #expect(Set(ours).count == 3)
    #expect(Set(ours).isDisjoint(with: [SSRC(4099), SSRC(4100)]))
  }

  // MARK: WHIP and WHEP

  @Test("WHIP: microphone, camera, then screens; a second audio and what receives is inactive")
  func whip() throws {
    let (result, answer) = try answer(
      OfferText([
        .video("0", "sendrecv"), .audio("1", "sendonly"), .video("2", "sendonly"),
        .audio("3", "sendonly"), .video("4", "recvonly"),
      ]), unbound: .publish)
    let sources = result.tracks.compactMap { track -> MediaSource? in
      if case .publish(_, let source) = track.role { source } else { nil }
    }
    #expect(sources == [.camera, .microphone, .screen])
    #expect(
      answer.sections.map(\.direction)
        == [.recvonly, .recvonly, .recvonly, .inactive, .inactive])
    #expect(Set(result.addedPublications.map(\.id)).count == 3)
    #expect(
      try refusal(OfferText([.audio("0", "recvonly")]), unbound: .publish) == .nothingToPublish)
  }

  @Test("WHEP: each section takes the next track of its kind, the rest are slots")
  func whep() throws {
    let tracks = [
      PlayableTrack(publication: PublicationID(rawValue: 5), kind: .audio),
      PlayableTrack(publication: PublicationID(rawValue: 6), kind: .video),
    ]
    let (result, answer) = try answer(
      OfferText([
        .audio("0", "recvonly"), .video("1", "sendrecv"), .video("2", "recvonly"),
        .audio("3", "sendonly"),
      ]), unbound: .play(tracks, stream: "patient"))
    #expect(
      result.addedSubscriptions.map(\.parameters.publication)
        == [PublicationID(rawValue: 5), PublicationID(rawValue: 6), nil])
    #expect(
      answer.sections.map(\.direction) == [.sendonly, .sendonly, .sendonly, .inactive])
    #expect(Set(answer.sections.compactMap { $0.streamLabels.first?.stream }) == ["patient"])
    #expect(
      try refusal(OfferText([.audio("0", "sendonly")]), unbound: .play(tracks, stream: "p"))
        == .nothingToPlay)
  }

  // MARK: Refusals

  @Test("Offers that cannot be answered say why")
  func refusals() throws {
    let audio = Section.audio("0", "sendonly")
    let video = Section.video("1", "sendonly")
    let offer = OfferText([audio, video])

    func changed(_ change: (inout OfferText) -> Void) throws -> NegotiationError {
      var offer = offer
      change(&offer)
      return try refusal(offer)
    }
    func withAudio(_ change: (inout Section) -> Void) throws -> NegotiationError {
      try changed { change(&$0.sections[0]) }
    }
    #expect(try changed { $0.hasBundle = false } == .bundleMissing)
    #expect(
      try withAudio { $0.lines.removeAll { $0 == "a=rtcp-mux" } } == .rtcpMuxMissing(mid: "0"))
    #expect(try withAudio { $0.mid = nil } == .midMissing(section: 0))
    #expect(try withAudio { $0.mid = "1" } == .midDuplicate("1"))
    #expect(
      try withAudio { $0.mid = "12345678901234567" } == .midInvalid("12345678901234567"))
    #expect(try changed { $0.usernameFragment = nil } == .iceCredentialsMissing)
    #expect(try changed { $0.usernameFragment = "abc" } == .iceCredentialsInvalid)
    #expect(try changed { $0.password = "short" } == .iceCredentialsInvalid)
    #expect(try changed { $0.sessionLines = ["a=ice-lite"] } == .bothSidesICELite)
    #expect(try changed { $0.fingerprints = [] } == .fingerprintMissing)
    #expect(
      try changed { $0.fingerprints = ["sha-1 " + OfferText.octets(20, 1)] }
        == .fingerprintAlgorithm(["sha-1"]))
    #expect(
      try changed { $0.fingerprints = ["sha-256 AA:BB"] } == .fingerprintInvalid("sha-256 AA:BB"))
    #expect(try changed { $0.setup = "passive" } == .setupRefused(.passive))
    #expect(try changed { $0.setup = "holdconn" } == .setupRefused(.holdconn))
    #expect(try changed { $0.sections = [] } == .nothingOffered)
    #expect(
      try changed {
        $0.sections[0].port = 0
        $0.sections[1].port = 0
      } == .nothingOffered)
    guard case .malformed(let error) = try withAudio({ $0.lines.append("a=rtpmap:x") }) else {
      Issue.record("not malformed")
      return
    }
    #expect(error.found == "a=rtpmap:x")
  }

  @Test("A good fingerprint beside a SHA-1 one is enough")
  func fingerprintBesideSHA1() throws {
    var offer = OfferText([.audio("0", "sendonly")])
    offer.fingerprints.insert("sha-1 " + OfferText.octets(20, 1), at: 0)
    let (result, _) = try answer(offer)
    guard case .new(let peer, _) = result.transport else {
      Issue.record("no new association")
      return
    }
    #expect(peer.remoteFingerprints.map(\.algorithm) == [.sha256])
  }

  @Test("Bindings that do not fit the offer say why")
  func bindingRefusals() throws {
    let offer = OfferText([
      .audio("0", "sendonly"), .video("1", "recvonly"), .video("2", "sendrecv"),
    ])
    #expect(
      try refusal(offer, [publish("9", 1, .camera)]) == .bindingWithoutSection(mid: "9"))
    #expect(
      try refusal(offer, [publish("1", 1, .camera)]) == .sectionDoesNotSend(mid: "1", .recvonly))
    #expect(try refusal(offer, [subscribe("0", 1)]) == .sectionDoesNotReceive(mid: "0", .sendonly))
    #expect(
      try refusal(offer, [publish("0", 1, .camera)])
        == .sourceKindMismatch(mid: "0", source: .camera, section: .audio))
    #expect(
      try refusal(offer, [subscribe("1", 1, kind: .audio)])
        == .publicationKindMismatch(mid: "1", publication: .audio, section: .video))
    #expect(
      try refusal(offer, [publish("2", 1, .camera), publish("2", 2, .screen)])
        == .bindingDuplicate(mid: "2"))
    #expect(
      try refusal(
        OfferText([.video("1", "sendonly"), .video("2", "sendonly")]),
        [publish("1", 1, .camera), publish("2", 1, .screen)]) == .publicationDuplicate(mid: "2"))
    for stream in ["", "-", "a b", "a\r\nb", String(repeating: "x", count: 65)] {
      #expect(
        try refusal(offer, [subscribe("1", 1, stream: stream)])
          == .streamInvalid(String(stream.prefix(64))))
    }
    #expect(
      try refusal(
        OfferText([
          .audio("0", "sendonly", lines: ["a=ssrc:5 cname:c"]),
          .video("1", "sendonly", lines: ["a=ssrc:5 cname:c"]),
        ]), [publish("0", 1, .microphone), publish("1", 2, .camera)])
        == .sourceDuplicate(SSRC(5)))
  }

  @Test("A binding to a section that the server rejects is no mistake of the client")
  func bindingToRejected() throws {
    var video = Section.video("1", "sendonly")
    video.formats = "45"
    video.lines = ["a=rtcp-mux", "a=rtpmap:45 AV1/90000"]
    let (result, _) = try answer(
      OfferText([.audio("0", "sendonly"), video]),
      [publish("0", 1, .microphone), publish("1", 2, .camera)])
    #expect(result.rejections.map(\.reason) == [.noCommonCodec(["AV1"])])
    #expect(result.addedPublications.map(\.id) == [PublicationID(rawValue: 1)])
    #expect(result.rejections[0].message.contains("AV1"))
  }
}
