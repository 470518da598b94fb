internal import Consultation
internal import MediaEngine
internal import Wire

/// Offers and answers, publications and subscriptions of WebSocket clients.
extension RoomSession {
  func makeConnection(_ purpose: MediaConnection.Purpose) -> MediaConnection {
    MediaConnection(
      purpose: purpose,
      negotiation: NegotiationStateMachine(
        identifiers: identifiers, fingerprint: environment.fingerprint,
        candidates: worker.candidates))
  }

  func answer(
    _ offer: ClientMessage.OfferRequest, from session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    guard worker.isReady else {
      throw SignalingError(.busy, "the media worker is overloaded: offer again in a moment")
    }
    let connection = session.socketConnection ?? makeConnection(.socket)
    let negotiated: Negotiated
    let effects: [RoomEffect]
    do throws(SignalingError) {
      let bindings = try bindings(offer.tracks, of: session, on: connection)
      do throws(NegotiationError) {
        negotiated = try negotiate(offer.sdp, bindings: bindings, unbound: .inactive, connection)
      } catch {
        throw SignalingError(.badSDP, error.description)
      }
      effects = try await adopt(
        negotiated, muting: offer.tracks.muting, encrypted: offer.tracks.encrypted, session,
        connection)
    } catch {
      environment.counters.add(.offersRefused)
      throw error
    }
    environment.counters.add(.offersAnswered)
    session.link?.send(
      .answer(sdp: negotiated.result.answer, tracks: tracks(negotiated.result), re: re))
    if negotiated.isNewPeer { session.link?.send(.media(.connecting)) }
    settle(effects, by: session.id)
  }

  /// An answer; nothing of it is true yet.
  struct Negotiated {
    var result: NegotiationResult
    var machine: NegotiationStateMachine

    var isNewPeer: Bool {
      if case .new = result.transport { true } else { false }
    }
  }

  func negotiate(
    _ sdp: String, bindings: [TrackBinding], unbound: UnboundSections,
    _ connection: MediaConnection
  ) throws(NegotiationError) -> Negotiated {
    var machine = connection.negotiation
    let result = try machine.answer(offer: sdp, bindings: bindings, unbound: unbound)
    return Negotiated(result: result, machine: machine)
  }

  /// What the client publishes from now on is what the answer says.
  ///
  /// - Parameter muting: what the client says of each source, where it says something.
  private func publish(
    _ negotiated: Negotiated, muting: [MediaSource: Bool], encrypted: Set<MediaSource>,
    _ participant: ParticipantID, _ connection: MediaConnection
  ) throws(RoomError) -> (Room, [RoomEffect]) {
    var next = room
    var effects: [RoomEffect] = []
    var published: [(track: TrackID, source: MediaSource)] = []
    for track in negotiated.result.tracks {
      if case .publish(let id, let source) = track.role { published.append((TrackID(id), source)) }
    }
    let before = room[participant]?.publications ?? []
    for publication in before
    where connection.publications.contains(PublicationID(publication.track))
      && !published.contains(where: { $0.track == publication.track })
    {
      // Only `unpublish` and `mute` open what is muted: an offer may lack a source by mistake.
      effects += try next.unpublish(participant, publication.track, keepingMute: true)
    }
    for (track, source) in published {
      if before.contains(where: { $0.track == track }) {
        guard muting[source] == true else { continue }
        effects += try next.setMuted(participant, track, true)
      } else {
        effects += try next.publish(
          participant, source, as: track, muted: muting[source],
          isEncrypted: encrypted.contains(source))
      }
    }
    return (next, effects)
  }

  /// Makes an answer true: in the record, in the room, on the worker; or throws and changes
  /// nothing. The caller sends the answer, then settles the effects.
  func adopt(
    _ negotiated: Negotiated, muting: [MediaSource: Bool], encrypted: Set<MediaSource> = [],
    _ session: ParticipantSession, _ connection: MediaConnection
  ) async throws(SignalingError) -> [RoomEffect] {
    let next: Room
    let effects: [RoomEffect]
    do throws(RoomError) {
      (next, effects) = try publish(
        negotiated, muting: muting, encrypted: encrypted, session.id, connection)
    } catch {
      throw SignalingError(error)
    }
    await recorder.note(effects)
    room = next
    let result = negotiated.result
    connection.negotiation = negotiated.machine
    if let former = connection.peer, former != result.peer { owners[former] = nil }
    connection.peer = result.peer
    if negotiated.isNewPeer { connection.answeredAt = environment.clock.now() }
    owners[result.peer] = session.id
    if !session.connections.contains(where: { $0 === connection }) {
      session.connections.append(connection)
    }
    if negotiated.isNewPeer { connection.encodings = [:] }
    if connection.isSocket { endMix(for: session.id) }
    connection.publications = []
    connection.subscriptions = []
    for track in result.tracks {
      switch track.role {
      case .publish(let id, _):
        connection.publications.insert(id)
      case .subscribe(let id, let publication):
        connection.subscriptions.append(.init(id: id, kind: track.kind, publication: publication))
      }
    }
    worker.send(result.commands(leastDelay: room.leastDelay))
    worker.send(mutingCommands(negotiated, session.id))
    worker.send(priorityCommands(negotiated, session.id))
    rebind(result.addedPublications.map(\.id) + result.changedPublications.map(\.id))
    return effects
  }

  /// The room, not the offer, knows what is muted.
  private func mutingCommands(
    _ negotiated: Negotiated, _ participant: ParticipantID
  ) -> [WorkerCommand] {
    let described = negotiated.result.addedPublications + negotiated.result.changedPublications
    return (room[participant]?.publications ?? []).compactMap { publication in
      let id = PublicationID(publication.track)
      guard let parameters = described.first(where: { $0.id == id })?.parameters,
        parameters.muted != publication.muted
      else { return nil }
      return .setPublicationMuted(id, publication.muted)
    }
  }

  /// Publications that came to the worker anew under a known number (a new peer connection of the
  /// same participant): who received them goes on receiving them.
  private func rebind(_ publications: [PublicationID]) {
    guard !publications.isEmpty else { return }
    var commands: [WorkerCommand] = []
    for session in sessions.values {
      for connection in session.connections where connection.peer != nil {
        for subscription in connection.subscriptions {
          guard let publication = subscription.publication, publications.contains(publication),
            !isMixed(subscription.id)
          else { continue }
          commands.append(.bindSubscription(subscription.id, publication))
        }
      }
    }
    worker.send(commands)
  }

  // MARK: Without an offer

  func setMuted(
    _ track: TrackID, _ muted: Bool, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.setMuted(session.id, track, muted)
    } catch {
      throw SignalingError(error)
    }
    // Silence does not wait for the disk.
    worker.send([.setPublicationMuted(PublicationID(track), muted)])
    stopCaptures(in: next)
    stopRenditions(in: next)
    await recorder.note(effects)
    room = next
    settle(effects, by: session.id, re: re)
    if effects.isEmpty {
      session.link?.send(
        .muted(
          participant: session.id.rawValue, publication: track.description, muted: muted, re: re))
    }
  }

  func unpublish(
    _ track: TrackID, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.unpublish(session.id, track, keepingMute: false)
    } catch {
      throw SignalingError(error)
    }
    worker.send([.removePublication(PublicationID(track))])
    for connection in session.connections {
      connection.publications.remove(PublicationID(track))
    }
    await recorder.note(effects)
    room = next
    settle(effects, by: session.id)
    session.link?.send(
      .unpublished(participant: session.id.rawValue, publication: track.description, re: re))
  }

  func unsubscribe(_ track: TrackID, by session: ParticipantSession) {
    for connection in session.connections where connection.isSocket {
      for at in connection.subscriptions.indices
      where connection.subscriptions[at].publication == PublicationID(track) {
        worker.send([connection.rebind(at: at, to: nil)])
      }
    }
  }
}
