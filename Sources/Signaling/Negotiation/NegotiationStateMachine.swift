public import MediaEngine
public import Transport
public import Wire

/// Offer and answer with one client (RFC 3264, RFC 9429): the client always offers, we answer.
///
/// A value without I/O. It knows the client's current peer connection; an offer from another one
/// (a new DTLS certificate, or another session in `o=` with other ICE credentials) replaces it. An
/// offer that cannot be answered changes nothing.
public struct NegotiationStateMachine: Sendable {
  private let identifiers: any NegotiationIdentifiers
  private let fingerprint: CertificateFingerprint
  private let candidates: [ICECandidate]
  private var session: NegotiatedSession?

  /// - Parameters:
  ///   - fingerprint: of our DTLS certificate.
  ///   - candidates: of the worker that the client is served by, most useful first.
  public init(
    identifiers: any NegotiationIdentifiers, fingerprint: CertificateFingerprint,
    candidates: [ICECandidate]
  ) {
    self.identifiers = identifiers
    self.fingerprint = fingerprint
    self.candidates = candidates
  }

  /// The peer connection of the last offer that was answered.
  public var peer: PeerID? { session?.peer }

  /// Our ICE credentials; they change with each ICE session.
  public var localCredentials: ICECredentials? { session?.local }

  /// The payload types that the client sends a publication with; `nil`: it sends none of that number.
  public func payloads(of publication: PublicationID) -> [PayloadBinding]? {
    session?.publications.first { $0.role.id == publication }?.parameters.payloads
  }

  /// The worker has given the peer up: the next offer starts a new association, whatever it says.
  public mutating func forgetPeer() { session = nil }

  /// The caller has bound a subscription to another publication without an offer.
  public mutating func rebind(_ subscription: SubscriptionID, to publication: PublicationID?) {
    guard let sections = session?.sections else { return }
    for index in sections.indices where sections[index].subscription?.id == subscription {
      session?.sections[index].subscription?.parameters.publication = publication
    }
  }

  /// Answers an offer, the first one or any later one.
  ///
  /// - Parameters:
  ///   - offer: SDP, at most `SDPLimits.bytes`.
  ///   - bindings: what the client wants with its sections.
  ///   - unbound: what becomes of sections that no binding names.
  public mutating func answer(
    offer text: String, bindings: [TrackBinding], unbound: UnboundSections = .inactive
  ) throws(NegotiationError) -> NegotiationResult {
    let offer: SessionDescription
    do { offer = try SessionDescription.parse(text) } catch { throw .malformed(error) }
    let sections = try OfferedSection.all(in: offer)
    let accepted = sections.filter { $0.accepted != nil }
    guard !accepted.isEmpty else { return try answerStopped(offer, sections) }

    let transport = try OfferedTransport(offer, sections: accepted)
    let (base, change) = try association(for: offer, transport, sections)
    let roles = try roles(of: sections, bindings, unbound)

    var next = base
    next.version += 1
    next.sections = []
    var contents: [(OfferedSection, AnswerWriter.Content)] = []
    var allocator = SourceAllocator(identifiers, taken: base)
    try allocator.reserve(sections.filter { roles[$0.index].publish != nil })
    for section in sections {
      var negotiated = NegotiatedSession.Section(
        mid: section.mid, media: section.description.media, isLive: false)
      guard let (kind, codecs) = section.accepted else {
        next.sections.append(negotiated)
        contents.append((section, .dead))
        continue
      }
      let role = roles[section.index]
      let formats = NegotiatedFormats(
        section.description, codecs: codecs, direction: role.direction)
      negotiated.isLive = true
      negotiated.publication = role.publish.map { publish in
        var parameters = PublicationParameters(
          peer: next.peer, mid: section.mid, kind: kind, payloads: formats.publisherBindings,
          extensions: formats.extensionMap, declaredSources: section.description.declaredSources,
          muted: publish.muted, feedback: formats.feedback)
        parameters.encodings = formats.encodings.map(\.rid)
        return .init(role: publish, parameters: parameters)
      }
      var sent: AnswerWriter.SentStream?
      if let subscribe = role.subscribe {
        let before = base.sections.first { $0.mid == section.mid }?.subscription
        let subscription = subscription(
          subscribe, in: section, kind, formats, peer: next.peer, before: before, &allocator)
        negotiated.subscription = subscription
        sent = AnswerWriter.SentStream(
          parameters: subscription.parameters,
          label: MediaStreamLabel(
            stream: subscription.stream ?? "-", track: "track-\(subscription.id.rawValue)"))
      }
      next.sections.append(negotiated)
      contents.append((section, .live(role.direction, formats, sent)))
    }

    let writer = AnswerWriter(session: next, fingerprint: fingerprint, candidates: candidates)
    var result = NegotiationResult(
      answer: writer.answer(to: offer, contents).description, peer: next.peer, transport: change)
    result.rejections = sections.compactMap(\.rejection)
    result.compare(before: session, after: next)
    session = next
    return result
  }

  /// Takes a trickle fragment (RFC 8840, RFC 9725 section 4.3): candidates need nothing from us,
  /// new credentials restart ICE.
  ///
  /// - Returns: `nil` when there is nothing to say in return (204 in WHIP).
  public mutating func apply(fragment text: String) throws(NegotiationError) -> FragmentAnswer? {
    let fragment: TrickleFragment
    do { fragment = try TrickleFragment.parse(text) } catch { throw .malformed(error) }
    guard var next = session else { throw .noSession }
    guard let usernameFragment = fragment.iceUsernameFragment else { return nil }
    guard let password = fragment.icePassword else {
      guard usernameFragment == next.remote.usernameFragment else {
        throw .fragmentForOtherSession
      }
      return nil
    }
    guard
      let remote = ICECredentials(usernameFragment: usernameFragment, password: password)
    else { throw .iceCredentialsInvalid }
    guard remote != next.remote else { return nil }
    guard let tagged = next.sections.first(where: \.isLive) else { throw .noSession }
    next.remote = remote
    next.local = identifiers.nextCredentials()
    session = next
    let writer = AnswerWriter(session: next, fingerprint: fingerprint, candidates: candidates)
    let bundle = next.sections.filter(\.isLive).map(\.mid)
    return FragmentAnswer(
      peer: next.peer, local: next.local, remote: remote,
      fragment: writer.fragment(bundle: bundle, tagged: tagged).description)
  }

  // MARK: - Parts of an answer

  /// Nothing to serve: an error, except when a client stops all that it had.
  private mutating func answerStopped(
    _ offer: SessionDescription, _ sections: [OfferedSection]
  ) throws(NegotiationError) -> NegotiationResult {
    let rejections = sections.compactMap(\.rejection)
    guard rejections.isEmpty else { throw .allSectionsRejected(rejections) }
    guard let before = session, before.remoteSessionID == offer.origin.sessionID,
      !sections.isEmpty
    else { throw .nothingOffered }
    try before.checkOrder(of: sections)
    var next = before
    next.version += 1
    next.sections = sections.map {
      .init(mid: $0.mid, media: $0.description.media, isLive: false)
    }
    let writer = AnswerWriter(session: next, fingerprint: fingerprint, candidates: candidates)
    var result = NegotiationResult(
      answer: writer.answer(to: offer, sections.map { ($0, .dead) }).description,
      peer: next.peer, transport: .unchanged)
    result.compare(before: before, after: next)
    session = next
    return result
  }

  /// Whether the offer belongs to the association that we have, and what the session is built on.
  ///
  /// A client may write a new `<sess-id>` into every offer of one peer connection, so that it
  /// alone says nothing; ICE credentials are random and never shared by two.
  private func association(
    for offer: SessionDescription, _ transport: OfferedTransport, _ sections: [OfferedSection]
  ) throws(NegotiationError) -> (NegotiatedSession, NegotiationResult.TransportChange) {
    if var current = session,
      !Set(current.fingerprints).isDisjoint(with: transport.fingerprints),
      current.remoteSessionID == offer.origin.sessionID || current.remote == transport.credentials
    {
      try current.checkOrder(of: sections)
      current.remoteSessionID = offer.origin.sessionID
      guard current.remote != transport.credentials else { return (current, .unchanged) }
      current.remote = transport.credentials
      current.local = identifiers.nextCredentials()
      return (current, .iceRestart(local: current.local, remote: current.remote))
    }
    let new = NegotiatedSession(
      peer: identifiers.nextPeer(), local: identifiers.nextCredentials(),
      remote: transport.credentials, fingerprints: transport.fingerprints,
      remoteSessionID: offer.origin.sessionID,
      // RFC 9429 section 5.2.1: 63 random bits.
      localSessionID: UInt64(identifiers.nextSSRC().rawValue & 0x7FFF_FFFF) << 32
        | UInt64(identifiers.nextSSRC().rawValue))
    let parameters = PeerParameters(
      local: new.local, remote: new.remote, remoteFingerprints: new.fingerprints)
    return (new, .new(parameters, replacing: session?.peer))
  }

  private func roles(
    of sections: [OfferedSection], _ bindings: [TrackBinding], _ unbound: UnboundSections
  ) throws(NegotiationError) -> [SectionRoles] {
    var assignment = RoleAssignment(sections)
    try assignment.bind(bindings)
    let before = session?.sections ?? []
    switch unbound {
    case .inactive: break
    case .publish:
      let known = Dictionary(
        before.compactMap { section in section.publication.map { (section.mid, $0.role) } },
        uniquingKeysWith: { first, _ in first })
      try assignment.publishRest(known: known, newPublication: identifiers.nextPublication)
    case .play(let tracks, let stream):
      let known = Dictionary(
        before.compactMap { section in
          section.subscription?.parameters.publication.map { (section.mid, $0) }
        }, uniquingKeysWith: { first, _ in first })
      try assignment.playRest(tracks, stream: stream, known: known)
    }
    return assignment.roles
  }

  /// The stream that the section had on this peer connection goes on, whatever it carries now;
  /// else there is a new one.
  private func subscription(
    _ role: SectionRoles.Subscribe, in section: OfferedSection, _ kind: MediaKind,
    _ formats: NegotiatedFormats, peer: PeerID, before: NegotiatedSession.Subscribed?,
    _ allocator: inout SourceAllocator
  ) -> NegotiatedSession.Subscribed {
    var parameters = SubscriptionParameters(
      peer: peer, mid: section.mid, kind: kind, ssrc: SSRC(0), rtxSSRC: nil,
      payloads: formats.viewerBindings, extensions: formats.extensionMap, cname: "",
      feedback: formats.feedback, publication: role.publication)
    if let before, before.parameters.kind == kind {
      parameters.ssrc = before.parameters.ssrc
      parameters.rtxSSRC =
        formats.usesRetransmission ? before.parameters.rtxSSRC ?? allocator.next() : nil
      parameters.cname = before.parameters.cname
      return .init(id: before.id, stream: role.stream, parameters: parameters)
    }
    parameters.ssrc = allocator.next()
    parameters.rtxSSRC = formats.usesRetransmission ? allocator.next() : nil
    // RFC 3550 section 6.5.1: equal for streams that are to be played in time with each other.
    parameters.cname = role.stream ?? "visavis-\(peer.rawValue)"
    return .init(
      id: identifiers.nextSubscription(), stream: role.stream, parameters: parameters)
  }
}
