internal import Consultation
internal import Logging
internal import Wire

/// Coming and going.
extension RoomSession {
  /// A new participant on a WebSocket. When this returns, the client has been sent `joined`.
  func join(
    _ token: AccessToken, on link: ClientLink, re: String?
  ) async throws(JoinRefusal) -> ParticipantID {
    try await exclusively { () async throws(JoinRefusal) in
      let (session, effects) = try await enter(token, as: nil, on: link)
      link.send(.joined(joined(session, resumed: false), re: re))
      settle(effects)
      return session.id
    }
  }

  /// The same participant on a new WebSocket.
  func resume(
    _ token: ResumeToken, on link: ClientLink, re: String?
  ) async throws(JoinRefusal) -> ParticipantID {
    try await exclusively { () async throws(JoinRefusal) in
      guard let session = sessions[token.participant], session.resumeToken.matches(token),
        session.link != nil || session.expiry != nil
      else { throw Self.resumeExpired }
      var next = room
      let effects: [RoomEffect]
      do throws(RoomError) {
        effects = try next.resume(session.id)
      } catch {
        throw Self.resumeExpired
      }
      await recorder.note(effects)
      room = next
      session.link?.close(.replaced)
      session.link = link
      session.expiry = nil
      environment.counters.add(.resumes)
      link.send(.joined(joined(session, resumed: true), re: re))
      tellEncodings(again: session)
      settle(effects)
      return session.id
    }
  }

  static let resumeExpired = JoinRefusal(
    .resumeExpired,
    "the resume token is unknown or its time has passed: join with the access token", close: nil)

  /// The WebSocket is gone without a `leave`. Nothing when another one has taken its place.
  func connectionLost(_ participant: ParticipantID, on link: ClientLink) async {
    await exclusively {
      guard let session = sessions[participant], session.link === link else { return }
      session.link = nil
      environment.counters.add(.connectionsLost)
      var next = room
      guard let effects = try? next.suspend(participant) else { return }
      for case .suspended(_, let suspension) in effects {
        session.expiry = (
          environment.clock.now() + .seconds(Int64(environment.configuration.resumeSeconds)),
          suspension
        )
      }
      await recorder.note(effects)
      room = next
      settle(effects)
    }
  }

  /// Ends what has waited too long.
  func handleTimeout(at now: MediaInstant) async {
    let isDue = sessions.values.contains { $0.expiry.map { $0.at <= now } ?? false }
    endChecks(before: now)
    await endRecording(before: now)
    guard isDue || !recorder.isSettled else { return }
    await exclusively {
      await recorder.retry()
      for session in Array(sessions.values) {
        guard let expiry = session.expiry, expiry.at <= now else { continue }
        session.expiry = nil
        var next = room
        let effects = next.expire(session.id, expiry.suspension)
        await recorder.note(effects)
        room = next
        settle(effects)
      }
    }
  }

  /// The participant goes by own wish: it goes whether or not that can be written, and is told
  /// `left` only when it is.
  func leave(_ session: ParticipantSession, re: String?) async {
    var next = room
    guard let effects = try? next.leave(session.id, reason: .left) else { return }
    do {
      try await recorder.write(effects)
    } catch {
      await recorder.note(effects)
      session.link?.send(.error(Self.notRecorded, fatal: true, re: re))
      session.link?.close(.internalError)
    }
    room = next
    settle(effects, by: session.id, re: re)
  }

  static let notRecorded = SignalingError(
    .internal, "the record could not be written: nothing was changed, try again")

  /// - Parameter actor: the participant who asked; `nil` for the REST interface.
  func end(
    by role: ParticipantRole, actor: ParticipantID?, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) { effects = try next.end(by: role) } catch { throw SignalingError(error) }
    try await write(effects)
    room = next
    settle(effects, by: actor, re: re)
  }

  /// On behalf of the REST interface.
  func end(by role: ParticipantRole) async throws(SignalingError) {
    try await exclusively { () async throws(SignalingError) in
      try await end(by: role, actor: nil, re: nil)
    }
  }

  /// The server stops: everyone is told, the record is closed. The consultation can be entered
  /// again after the next start.
  func shutDown() async {
    await exclusively {
      for session in sessions.values {
        session.link?.send(
          .notice(
            code: .shuttingDown,
            message: "the server is shutting down: connect again in a moment"))
      }
      var next = room
      let effects = next.dismiss(.serverShutdown)
      await recorder.note(effects)
      room = next
      settle(effects)
    }
  }

  func write(_ effects: [RoomEffect]) async throws(SignalingError) {
    do throws(RecordStoreError) {
      try await recorder.write(effects)
    } catch {
      throw Self.notRecorded
    }
  }

  /// Puts the bearer of a token on the roster, or into the waiting room. The caller tells the client, then settles the
  /// effects.
  ///
  /// - Parameters:
  ///   - id: `nil`: a new one.
  ///   - bridge: how, where it is not by a browser.
  func enter(
    _ token: AccessToken, as id: ParticipantID?, on link: ClientLink?, bridge: Bridge? = nil
  ) async throws(JoinRefusal) -> (ParticipantSession, [RoomEffect]) {
    var random = SystemRandomNumberGenerator()
    let participant = id ?? .random(using: &random)
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.join(
        participant, role: token.role, name: token.name, claims: token.claims,
        bearer: token.bearer(in: self.id), bridge: bridge, at: environment.clock.wall())
    } catch {
      if error == .banned { environment.refusals.note(.banned, about: self.id) }
      throw JoinRefusal(error)
    }
    try takePlace(for: token)
    do throws(JoinRefusal) {
      try await spend(token)
      try await record(effects)
    } catch {
      environment.admission.giveBack()
      throw error
    }
    room = next
    let session = ParticipantSession(
      id: participant, token: token, consultation: self.id, link: link,
      now: environment.clock.now())
    sessions[participant] = session
    environment.counters.add(.joins)
    environment.logger.info(
      "participant joined",
      metadata: [
        "consultation": "\(self.id)", "participant": "\(participant)",
        "role": "\(token.role.rawValue)",
      ])
    return (session, effects)
  }

  /// - Throws: `busy`, to who is not inside already. A token is not spent by that.
  private func takePlace(for token: AccessToken) throws(JoinRefusal) {
    let isLoadTest = token.role == .loadtest
    let isReturning =
      !isLoadTest
      && sessions.values.contains { $0.expiry != nil && token.isSameBearer(as: $0.token) }
    guard
      let refusal = environment.admission.take(
        on: workerIndex, isReturning: isReturning, isLoadTest: isLoadTest)
    else { return }
    environment.counters.add(refusal == .limit ? .joinsRefusedLimit : .joinsRefusedLoad)
    throw JoinRefusal(refusal)
  }

  private func record(_ effects: [RoomEffect]) async throws(JoinRefusal) {
    do throws(RecordStoreError) {
      try await recorder.write(effects)
    } catch {
      throw JoinRefusal(
        .internal, "the record could not be written, so nobody can join now: try again",
        close: nil)
    }
  }

  /// A single-use token is good for one participant.
  private func spend(_ token: AccessToken) async throws(JoinRefusal) {
    guard token.singleUse, let identifier = token.spentName else { return }
    do throws(RecordStoreError) {
      let isFirst = try await environment.store.spendInvitation(
        identifier, expires: token.expires, at: environment.clock.wall())
      guard !isFirst else { return }
    } catch {
      environment.counters.add(.recordFailures)
      throw JoinRefusal(
        .internal, "the record could not be written, so nobody can join now: try again",
        close: nil)
    }
    environment.refusals.note(.used, about: self.id)
    throw JoinRefusal(.used)
  }

  private func joined(_ session: ParticipantSession, resumed: Bool) -> ServerMessage.Joined {
    let own =
      room[session.id].map(RosterEntry.init)
      ?? RosterEntry(
        id: session.id.rawValue, role: session.token.role.rawValue, name: "", state: .connected,
        publications: [])
    return ServerMessage.Joined(
      consultation: consultation(for: session.id), participant: own,
      isAdmitted: room.isAdmitted(session.id), resumeToken: session.resumeToken.text,
      resumeSeconds: environment.configuration.resumeSeconds, resumed: resumed,
      roster: rosterEntries(for: session.id),
      waiting: room.queue(for: session.id).map(RosterEntry.waiting),
      consents: consentStatuses(for: session.id),
      aside: asideState(for: session.id), inCharge: inCharge(for: session.id),
      recording: room.isAdmitted(session.id) ? recordingState : nil,
      soundOnly: room.isAdmitted(session.id) ? soundOnly : [],
      chat: chat(for: session.id),
      files: files(for: session.id), sharing: environment.files?.limits.told,
      adapted: adaptations(about: session.id), encodings: encodingLimits(of: session.id),
      iceServers: environment.configuration.iceServers(
        for: session.id, at: environment.clock.wall()),
      keepalive: SignalingConnection.pingSeconds)
  }
}
