internal import MediaEngine
internal import Transport
internal import Wire

/// Puts an answer together.
struct AnswerWriter {
  /// What becomes of a section.
  enum Content {
    /// Port 0, because the client stopped it or because we reject it.
    case dead
    case live(MediaDirection, NegotiatedFormats, SentStream?)
  }

  /// What we send in a section.
  struct SentStream {
    var parameters: SubscriptionParameters
    var label: MediaStreamLabel
  }

  var session: NegotiatedSession
  var fingerprint: CertificateFingerprint
  var candidates: [ICECandidate]

  func answer(
    to offer: SessionDescription, _ sections: [(OfferedSection, Content)]
  ) -> SessionDescription {
    var answer = SessionDescription(
      origin: SessionOrigin(
        sessionID: "\(session.localSessionID)", sessionVersion: "\(session.version)"))
    let live = sections.compactMap { section, content -> OfferedSection? in
      if case .live = content { section } else { nil }
    }
    // The accepted ones, in the order of the offer: the first is the one that the transport
    // belongs to (RFC 9143 section 7.3).
    var tagged = live.first?.index
    if let bundle = offer.groups.first(where: { $0.isBundle }) {
      let mids = bundle.mids.filter { mid in live.contains { $0.mid == mid } }
      answer.attributes.append(.group(.bundle(mids)))
      tagged = mids.first.flatMap { mid in live.first { $0.mid == mid }?.index } ?? tagged
    }
    answer.attributes.append(.iceLite)
    if offer.attributes.iceOptions.contains("trickle")
      || offer.sections.contains(where: { $0.attributes.iceOptions.contains("trickle") })
    {
      answer.attributes.append(.iceOptions(["trickle"]))
    }
    answer.sections = sections.map { section, content in
      switch content {
      case .dead:
        dead(section)
      case .live(let direction, let formats, let stream):
        self.section(
          section, direction, formats, stream, isTagged: section.index == tagged)
      }
    }
    return answer
  }

  /// The answer to a fragment that restarted ICE (RFC 9725 section 4.3.3).
  func fragment(bundle: [String], tagged: NegotiatedSession.Section) -> TrickleFragment {
    var section = MediaDescription(
      media: tagged.media, port: 9, transport: "UDP/TLS/RTP/SAVPF", formats: ["0"])
    section.attributes = [.mid(tagged.mid)] + credentials + endOfCandidates
    return TrickleFragment(
      attributes: [.group(.bundle(bundle)), .iceLite, .iceOptions(["trickle"])],
      sections: [section])
  }

  private func dead(_ offered: OfferedSection) -> MediaDescription {
    var section = MediaDescription(
      media: offered.description.media, port: 0, transport: offered.description.transport,
      formats: offered.description.formats, connection: .unspecified)
    if let mid = offered.writtenMID { section.attributes.append(.mid(mid)) }
    section.attributes.append(.direction(.inactive))
    return section
  }

  private func section(
    _ offered: OfferedSection, _ direction: MediaDirection, _ formats: NegotiatedFormats,
    _ stream: SentStream?, isTagged: Bool
  ) -> MediaDescription {
    let destination = defaultDestination
    var section = MediaDescription(
      media: offered.description.media, port: destination.port,
      transport: offered.description.transport, formats: formats.payloadTypes,
      connection: destination.connection)
    if let mid = offered.writtenMID { section.attributes.append(.mid(mid)) }
    section.attributes += credentials
    section.attributes += [
      .fingerprint(fingerprint.sdp), .setup(.passive), .direction(direction), .rtcpMux,
    ]
    if offered.description.isRTCPReducedSize { section.attributes.append(.rtcpReducedSize) }
    section.attributes += formats.attributes
    if let stream { section.attributes += Self.attributes(of: stream) }
    if isTagged { section.attributes += endOfCandidates }
    return section
  }

  private static func attributes(of stream: SentStream) -> [SDPAttribute] {
    let parameters = stream.parameters
    let sources = [parameters.ssrc] + (parameters.rtxSSRC.map { [$0] } ?? [])
    var attributes: [SDPAttribute] = [.streamLabel(stream.label)]
    if sources.count > 1 {
      attributes.append(.sourceGroup(SourceGroup(semantics: "FID", sources: sources)))
    }
    for ssrc in sources {
      attributes.append(
        .source(SourceAttribute(ssrc: ssrc, name: "cname", value: parameters.cname)))
      // Some clients still look here for the stream (RFC 5576), not at a=msid.
      attributes.append(
        .source(SourceAttribute(ssrc: ssrc, name: "msid", value: stream.label.text)))
    }
    return attributes
  }

  private var credentials: [SDPAttribute] {
    [
      .iceUsernameFragment(session.local.usernameFragment), .icePassword(session.local.password),
    ]
  }

  /// Only the tagged section has them: the others share its transport.
  private var endOfCandidates: [SDPAttribute] {
    candidates.map { .candidate($0) } + [.endOfCandidates]
  }

  /// The m= port and c= of RFC 8839 section 4.2.1.2: the candidate that most clients can reach.
  private var defaultDestination: (port: UInt16, connection: SDPConnection) {
    let usable = candidates.compactMap { candidate -> (UInt16, IPAddress)? in
      guard candidate.transport == .udp, case .address(let address) = candidate.host else {
        return nil
      }
      return (candidate.port, address)
    }
    let best =
      usable.first { $0.1.isIPv4 && !$0.1.isLoopback } ?? usable.first { !$0.1.isLoopback }
      ?? usable.first
    guard let best else { return (9, .unspecified) }
    return (best.0, SDPConnection(best.1))
  }
}
