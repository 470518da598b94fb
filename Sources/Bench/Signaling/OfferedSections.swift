internal import Transport
internal import Wire

/// The m= sections of a simulated browser, and the offers made of them.
struct OfferedSections: Sendable {
  enum Use: Hashable, Sendable {
    /// `microphone`, `camera`
    case send(source: String)
    case receive(publication: String)
    case idle
  }

  struct Section: Sendable {
    var mid: String
    var isVideo: Bool
    var use: Use
    /// Of what it sends, or once sent.
    var ssrc: SSRC
    var retransmissionSSRC: SSRC
  }

  /// Payload types and extension ids as Chromium numbers them.
  static let opus: UInt8 = 111
  static let red: UInt8 = 63
  static let vp8: UInt8 = 96
  static let rtx: UInt8 = 97
  static let extensionIDs: [(HeaderExtension, UInt16)] = [
    (.audioLevel, 1), (.absoluteSendTime, 2), (.transportWideCC, 3), (.mid, 4),
  ]

  let local: ICECredentials
  let fingerprint: CertificateFingerprint
  /// Offers RED for sound, and to send it again.
  let repairsSound: Bool
  private let sessionID: UInt64
  private var version: UInt64 = 0
  private(set) var sections: [Section] = []
  private var random: SeededRandom

  init(
    local: ICECredentials, fingerprint: CertificateFingerprint, seed: UInt64,
    repairsSound: Bool = false
  ) {
    self.local = local
    self.repairsSound = repairsSound
    self.fingerprint = fingerprint
    random = SeededRandom(seed: seed)
    sessionID = random.next() >> 2
  }

  /// Takes an idle section of the kind, or adds one.
  mutating func use(_ use: Use, isVideo: Bool) {
    if let free = sections.firstIndex(where: { $0.use == .idle && $0.isVideo == isVideo }) {
      sections[free].use = use
      return
    }
    sections.append(
      Section(
        mid: "\(sections.count)", isVideo: isVideo, use: use,
        ssrc: SSRC(UInt32(truncatingIfNeeded: random.next()) | 1),
        retransmissionSSRC: SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)))
  }

  /// Nothing is received there any more.
  mutating func release(publication: String) {
    for i in sections.indices where sections[i].use == .receive(publication: publication) {
      sections[i].use = .idle
    }
  }

  mutating func offer() -> String {
    version += 1
    var description = SessionDescription(
      origin: SessionOrigin(sessionID: "\(sessionID)", sessionVersion: "\(version)"))
    description.attributes = [
      .group(.bundle(sections.map(\.mid))), .other(name: "extmap-allow-mixed", value: nil),
    ]
    description.sections = sections.map(describe)
    return description.description
  }

  private func describe(_ section: Section) -> MediaDescription {
    let formats =
      section.isVideo
      ? [Self.vp8, Self.rtx] : repairsSound ? [Self.opus, Self.red] : [Self.opus]
    var media = MediaDescription(
      media: section.isVideo ? "video" : "audio", port: 9, transport: "UDP/TLS/RTP/SAVPF",
      formats: formats.map { "\($0)" }, connection: .unspecified)
    let sends: Bool
    let direction: MediaDirection
    switch section.use {
    case .send: (sends, direction) = (true, .sendonly)
    case .receive: (sends, direction) = (false, .recvonly)
    case .idle: (sends, direction) = (false, .inactive)
    }
    media.attributes = [
      .iceUsernameFragment(local.usernameFragment), .icePassword(local.password),
      .iceOptions(["trickle"]), .fingerprint(fingerprint.sdp), .setup(.actpass),
      .mid(section.mid), .direction(direction), .rtcpMux, .rtcpReducedSize,
    ]
    for (meaning, id) in Self.extensionIDs
    where !(section.isVideo && meaning == .audioLevel) {
      media.attributes.append(
        .extensionMap(ExtensionMapEntry(id: id, direction: nil, uri: meaning.uri)))
    }
    media.attributes += section.isVideo ? Self.videoFormats : Self.audioFormats
    if repairsSound, !section.isVideo { media.attributes += Self.soundRepair }
    if sends {
      media.attributes.append(
        .streamLabel(MediaStreamLabel(stream: "bench", track: "track\(section.mid)")))
      var sources = [section.ssrc]
      if section.isVideo {
        sources.append(section.retransmissionSSRC)
        media.attributes.append(
          .sourceGroup(SourceGroup(semantics: "FID", sources: sources)))
      }
      media.attributes += sources.map {
        .source(SourceAttribute(ssrc: $0, name: "cname", value: "bench"))
      }
    }
    return media
  }

  private static let audioFormats: [SDPAttribute] = [
    .rtpMap(RTPMap(payloadType: opus, encoding: "opus", clockRate: 48_000, channels: 2)),
    .feedback(FeedbackAttribute(payloadType: opus, feedback: "transport-cc")),
    .formatParameters(
      FormatParameters(payloadType: opus, ["minptime": "10", "useinbandfec": "1"])),
  ]

  private static let soundRepair: [SDPAttribute] = [
    .feedback(FeedbackAttribute(payloadType: opus, feedback: "nack")),
    .rtpMap(RTPMap(payloadType: red, encoding: "red", clockRate: 48_000, channels: 2)),
    .formatParameters(
      FormatParameters(
        payloadType: red, parameters: [.init(name: "\(opus)/\(opus)", value: nil)])),
  ]

  private static let videoFormats: [SDPAttribute] =
    [.rtpMap(RTPMap(payloadType: vp8, encoding: "VP8", clockRate: 90_000, channels: nil))]
    + ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"].map {
      .feedback(FeedbackAttribute(payloadType: vp8, feedback: $0))
    }
    + [
      .rtpMap(RTPMap(payloadType: rtx, encoding: "rtx", clockRate: 90_000, channels: nil)),
      .formatParameters(FormatParameters(payloadType: rtx, ["apt": "\(vp8)"])),
    ]
}
