internal import Consultation
internal import MediaEngine
internal import Transport
internal import Wire

/// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): participants without a WebSocket, on the roster
/// like anyone. They stay as long as their media connection.
extension RoomSession {
  /// WHIP `POST`: a new participant that publishes, or the one that is named.
  func publish(
    _ offer: String, _ token: AccessToken, as name: ParticipantID?
  ) async throws(StandaloneMediaRefusal) -> StandaloneMedia {
    guard token.role.allows(.publish) else { throw .token(.notAllowed(token.role)) }
    return try await exclusively { () async throws(StandaloneMediaRefusal) in
      try requireAdmission(token, as: name)
      if let name, let session = sessions[name] {
        try authorize(token, over: session)
        if let former = session.connections.first(where: { $0.purpose == .whip }) {
          await supersede(former, of: session)
        }
      }
      return try await connect(
        makeConnection(.whip), offer, token, as: name, unbound: .publish)
    }
  }

  /// WHEP `POST`: a viewer of `target`, new or the one that is named.
  func play(
    _ target: ParticipantID, _ offer: String, _ token: AccessToken, as name: ParticipantID?
  ) async throws(StandaloneMediaRefusal) -> StandaloneMedia {
    guard token.role.allows(.subscribe) else { throw .token(.notAllowed(token.role)) }
    return try await exclusively { () async throws(StandaloneMediaRefusal) in
      try requireAdmission(token, as: name)
      guard room.isAdmitted(target) else {
        throw .notFound("there is no such participant in this consultation now")
      }
      guard name != target else {
        throw .conflict("a participant does not receive its own media")
      }
      if let name, let session = sessions[name] {
        try authorize(token, over: session)
        guard session.connections.count < ParticipantSession.connectionLimit else {
          throw .conflict(
            "a participant has at most \(ParticipantSession.connectionLimit) media connections")
        }
      }
      var random = SecretRandom()
      let number = random.next()
      let tracks = playable(target, for: name, token.role).map {
        PlayableTrack(publication: $0.0, kind: $0.1)
      }
      return try await connect(
        makeConnection(.whep(session: String(number, radix: 36), target: target)), offer, token,
        as: name, unbound: .play(tracks, stream: target.rawValue))
    }
  }

  /// `PATCH`: candidates, or an ICE restart. `nil`: there is nothing to answer (204).
  func patch(
    _ fragment: String, entityTag: String, _ address: StandaloneAddress, _ token: AccessToken
  ) async throws(StandaloneMediaRefusal) -> StandaloneMedia? {
    try await exclusively { () async throws(StandaloneMediaRefusal) in
      let (session, connection) = try find(address, token)
      guard entityTag == "*" || entityTag == connection.entityTag else {
        throw .preconditionFailed
      }
      return try restart(fragment, session, connection)
    }
  }

  /// `DELETE`
  func hangUp(
    _ address: StandaloneAddress, _ token: AccessToken
  ) async throws(StandaloneMediaRefusal) {
    try await exclusively { () async throws(StandaloneMediaRefusal) in
      let (session, connection) = try find(address, token)
      await remove(connection, of: session, reason: .left)
    }
  }

  /// What a WHIP or WHEP session resource names.
  enum StandaloneAddress: Equatable, Sendable {
    case whip(ParticipantID)
    case whep(target: ParticipantID, session: String)
  }

  // MARK: Within

  /// Nobody comes past the waiting room by HTTP: whoever has to wait joins over the WebSocket, and
  /// adds media as that participant once admitted. Asked before anything that speaks of others.
  private func requireAdmission(
    _ token: AccessToken, as name: ParticipantID?
  ) throws(StandaloneMediaRefusal) {
    if let name, let session = sessions[name] {
      try authorize(token, over: session)
      guard room.isAdmitted(name) else {
        throw .conflict("this participant is in the waiting room: media begins when admitted")
      }
    } else if room.holdsBack(token.role) {
      throw .conflict(
        "this consultation has a waiting room: join over the WebSocket, and when admitted come "
          + "back with `participant`")
    }
  }

  private func connect(
    _ connection: MediaConnection, _ offer: String, _ token: AccessToken,
    as name: ParticipantID?, unbound: UnboundSections
  ) async throws(StandaloneMediaRefusal) -> StandaloneMedia {
    guard worker.isReady else {
      throw .unavailable("the media worker is overloaded: try again in a moment")
    }
    let present = name.flatMap { sessions[$0] }
    // Before the participant is admitted: an offer that cannot be answered leaves nobody behind.
    let negotiated: Negotiated
    do throws(NegotiationError) {
      negotiated = try negotiate(offer, bindings: [], unbound: unbound, connection)
    } catch {
      environment.counters.add(.offersRefused)
      throw StandaloneMediaRefusal(error)
    }
    // RFC 9725 section 4.4.3: a session has all of its tracks or none.
    let refused = negotiated.result.rejections.filter(\.isMedia)
    guard refused.isEmpty else {
      environment.counters.add(.offersRefused)
      throw .unprocessableSDP(refused.map(\.message).joined(separator: "; "))
    }
    let role = present?.token.role ?? token.role
    for case .publish(_, let source) in negotiated.result.tracks.map(\.role)
    where !MediaMatrix.maySend(role, source) {
      environment.counters.add(.offersRefused)
      throw .token(.notAllowed(role))
    }
    let session: ParticipantSession
    if let present {
      session = present
    } else {
      let effects: [RoomEffect]
      do throws(JoinRefusal) {
        (session, effects) = try await enter(token, as: name, on: nil)
      } catch {
        throw StandaloneMediaRefusal(error)
      }
      settle(effects)
    }
    do throws(SignalingError) {
      let effects = try await adopt(negotiated, muting: [:], session, connection)
      environment.counters.add(.offersAnswered)
      settle(effects)
    } catch {
      if session.isDetached { await remove(connection, of: session, reason: .mediaFailed) }
      throw StandaloneMediaRefusal(error)
    }
    // What was published between the negotiation and now.
    if case .whep(_, let target) = connection.purpose { rebindViewers(of: target) }
    return StandaloneMedia(
      participant: session.id, session: connection.purpose.session,
      answer: negotiated.result.answer, entityTag: connection.entityTag)
  }

  /// A WHIP client that comes again takes the place of its former connection.
  private func supersede(
    _ connection: MediaConnection, of session: ParticipantSession
  ) async {
    release(connection)
    session.connections.removeAll { $0 === connection }
    var next = room
    var effects: [RoomEffect] = []
    for publication in connection.publications {
      effects += (try? next.unpublish(session.id, TrackID(publication), keepingMute: true)) ?? []
    }
    await recorder.note(effects)
    room = next
    settle(effects)
  }

  private func restart(
    _ fragment: String, _ session: ParticipantSession, _ connection: MediaConnection
  ) throws(StandaloneMediaRefusal) -> StandaloneMedia? {
    let answer: NegotiationStateMachine.FragmentAnswer?
    do throws(NegotiationError) {
      answer = try connection.negotiation.apply(fragment: fragment)
    } catch {
      throw StandaloneMediaRefusal(error)
    }
    guard let answer else { return nil }
    worker.send(answer.commands)
    connection.iceGeneration += 1
    return StandaloneMedia(
      participant: session.id, session: connection.purpose.session, answer: answer.fragment,
      entityTag: connection.entityTag)
  }

  private func find(
    _ address: StandaloneAddress, _ token: AccessToken
  ) throws(StandaloneMediaRefusal) -> (ParticipantSession, MediaConnection) {
    let purpose: (MediaConnection.Purpose) -> Bool
    let candidates: [ParticipantSession]
    switch address {
    case .whip(let participant):
      purpose = { $0 == .whip }
      candidates = sessions[participant].map { [$0] } ?? []
    case .whep(let target, let session):
      purpose = { $0 == .whep(session: session, target: target) }
      candidates = Array(sessions.values)
    }
    for session in candidates {
      for connection in session.connections where purpose(connection.purpose) {
        try authorize(token, over: session)
        return (session, connection)
      }
    }
    throw .notFound("there is no such session: it has ended, or its media was lost")
  }

  /// Whoever brought a participant in may act for it; so may those who may remove others.
  private func authorize(
    _ token: AccessToken, over session: ParticipantSession
  ) throws(StandaloneMediaRefusal) {
    guard token.isSameBearer(as: session.token) || token.role.allows(.removeOthers) else {
      throw .token(.notAllowed(token.role))
    }
  }

  // MARK: Slots

  /// What `viewer` may receive of `target`, in the order in which slots take it.
  ///
  /// - Parameter role: of a viewer that is not here yet.
  private func playable(
    _ target: ParticipantID, for viewer: ParticipantID?, _ role: ParticipantRole
  ) -> [(PublicationID, MediaKind)] {
    guard let owner = room[target] else { return [] }
    return MediaSource.allCases.compactMap { source in
      owner.publications.first { publication in
        guard publication.source == source else { return false }
        if let viewer, room[viewer] != nil { return room.mayReceive(viewer, publication.track) }
        // Who comes anew has agreed to nothing, and nobody to them.
        return room.consents.isEmpty
          && MediaMatrix.allows(source, from: owner.role, to: role, .inAct)
      }.map { (PublicationID($0.track), $0.kind) }
    }
  }

  /// Gives the slots of the WHEP viewers of a participant what it publishes now.
  func rebindViewers(of target: ParticipantID) {
    var commands: [WorkerCommand] = []
    for session in sessions.values {
      for connection in session.connections {
        guard case .whep(_, target) = connection.purpose, connection.peer != nil else { continue }
        var wanted = playable(target, for: session.id, session.token.role)
        for at in connection.subscriptions.indices {
          let slot = connection.subscriptions[at]
          let position = wanted.firstIndex { $0.1 == slot.kind }
          let publication = position.map { wanted.remove(at: $0).0 }
          guard publication != slot.publication else { continue }
          commands.append(connection.rebind(at: at, to: publication))
        }
      }
    }
    worker.send(commands)
  }
}

extension MediaConnection.Purpose {
  /// Of WHEP.
  fileprivate var session: String? {
    if case .whep(let session, _) = self { session } else { nil }
  }
}

extension SectionRejection {
  /// An m= section of audio or video, not a data channel.
  fileprivate var isMedia: Bool {
    if case .unsupportedMedia = reason { false } else { true }
  }
}
