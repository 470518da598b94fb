internal import Consultation
internal import MediaEngine
internal import Wire

/// A look at the device and the path of somebody who waits: connections that carry test media to the
/// server and back to the same person. They are on no roster, in no record, and nobody else can be bound
/// to what they carry.
extension RoomSession {
  /// After so long a connection of a check ends by itself, seconds.
  static let checkSeconds = 20
  /// During one stay: enough for a person who tries again and again.
  static let checkOffersLimit = 60
  static let checkReportsLimit = 12

  func check(
    _ request: ClientMessage.CheckRequest, by session: ParticipantSession, re: String?
  ) throws(SignalingError) {
    try requireWaiting(session)
    guard session.checkOffers < Self.checkOffersLimit else { throw Self.checkedTooOften }
    guard worker.isReady else {
      throw SignalingError(.busy, "the media worker is overloaded: check again in a moment")
    }
    session.checkOffers += 1
    if let former = session.checks.removeValue(forKey: request.way) { end(former.connection) }
    let connection = makeConnection(.check)
    let negotiated: Negotiated
    do throws(NegotiationError) {
      negotiated = try negotiate(
        request.offer.sdp, bindings: checkBindings(request), unbound: .inactive, connection)
    } catch {
      environment.counters.add(.offersRefused)
      throw SignalingError(.badSDP, error.description)
    }
    connection.negotiation = negotiated.machine
    connection.peer = negotiated.result.peer
    for track in negotiated.result.tracks {
      switch track.role {
      case .publish(let id, _): connection.publications.insert(id)
      case .subscribe(let id, let publication):
        connection.subscriptions.append(.init(id: id, kind: track.kind, publication: publication))
      }
    }
    session.checks[request.way] = (
      connection, environment.clock.now() + .seconds(Int64(Self.checkSeconds))
    )
    worker.send(negotiated.result.commands(leastDelay: false))
    session.link?.send(
      .checkAnswer(
        way: request.way.rawValue, sdp: negotiated.result.answer, seconds: Self.checkSeconds,
        re: re))
  }

  /// What the client found and what was measured are one result: kept, and told to who may let in.
  func finishCheck(
    _ report: ClientMessage.CheckReport, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    try requireWaiting(session)
    guard session.checkReports < Self.checkReportsLimit else { throw Self.checkedTooOften }
    session.checkReports += 1
    let figures =
      session.checks[.measure] == nil
      ? nil : await environment.quality?.endCheck(of: session.id, in: id)
    endChecks(of: session)
    let check = ConnectionCheck(
      camera: report.camera, microphone: report.microphone, tried: report.tried,
      reached: report.reached, figures: figures)
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.note(check, of: session.id)
    } catch {
      throw SignalingError(error)
    }
    try await write(effects)
    room = next
    settle(effects)
    session.link?.send(
      .checked(participant: session.id.rawValue, CheckView(check), re: re))
  }

  /// Ends those whose time is over.
  func endChecks(before now: MediaInstant) {
    for session in sessions.values {
      for (way, check) in session.checks where check.until <= now {
        session.checks[way] = nil
        end(check.connection)
      }
    }
  }

  func endChecks(of session: ParticipantSession) {
    for check in session.checks.values { end(check.connection) }
    session.checks = [:]
  }

  /// More came than a check sends.
  func endChecks(of participant: ParticipantID) {
    if let session = sessions[participant] { endChecks(of: session) }
  }

  /// Who measures its path now, as the quality monitor needs it.
  var checkedMedia: [RoomMedia.Person] {
    sessions.values.compactMap { session in
      guard let connection = session.checks[.measure]?.connection, let peer = connection.peer else {
        return nil
      }
      return RoomMedia.Person(
        id: session.id, role: session.token.role, peers: [peer],
        publications: connection.subscriptions.compactMap { subscription in
          subscription.publication.map {
            Participant.Publication(
              track: TrackID($0), source: subscription.kind == .audio ? .microphone : .camera,
              muted: false)
          }
        },
        subscriptions: connection.subscriptions.map { ($0.id, $0.publication) })
    }
  }

  // MARK: Within

  private static let checkedTooOften = SignalingError(
    .rateLimited, "so many checks of one stay are enough")

  private func requireWaiting(_ session: ParticipantSession) throws(SignalingError) {
    guard !room.isAdmitted(session.id) else { throw SignalingError(RoomError.notWaiting) }
  }

  private func end(_ connection: MediaConnection) {
    guard let peer = connection.peer else { return }
    worker.send([.removePeer(peer)])
    connection.peer = nil
  }

  /// A section that measures sends and gets back what it sends; one that only tries a way sends.
  private func checkBindings(_ request: ClientMessage.CheckRequest) -> [TrackBinding] {
    var bindings: [TrackBinding] = []
    var sources: Set<MediaSource> = []
    for track in request.offer.tracks {
      guard case .publish(let name, _, _) = track.use, let source = MediaSource(rawValue: name),
        source != .screen, sources.insert(source).inserted
      else { continue }
      let publication = identifiers.nextPublication()
      bindings.append(
        TrackBinding(mid: track.mid, role: .publish(publication, source: source, muted: false)))
      guard request.way == .measure else { continue }
      bindings.append(
        TrackBinding(
          mid: track.mid,
          role: .subscribe(publication, kind: source.isAudio ? .audio : .video, stream: "check")))
    }
    return bindings
  }
}
