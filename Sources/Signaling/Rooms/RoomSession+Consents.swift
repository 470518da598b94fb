internal import Consultation
internal import Logging

/// What people are asked, what they answer, and who is told.
extension RoomSession {
  func consent(
    _ answer: ClientMessage.ConsentAnswer, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      let about = answer.about.flatMap(ParticipantID.init(rawValue:))
      guard about != nil || answer.about == nil else { throw .noSuchParticipant }
      effects = try next.decide(
        ConsentQuestion(answer.purpose, of: session.id, about: about), isGiven: answer.isGiven,
        version: answer.version, language: answer.language)
    } catch {
      throw SignalingError(error)
    }
    if answer.isGiven {
      // Nothing passes on a consent that a crash would make undone.
      try await write(effects)
    } else {
      // What must stop does not wait for the disk, and does not come back when that fails.
      cut(next)
      await recorder.note(effects)
    }
    room = next
    for case .consented(let entry) in effects {
      environment.logger.info(
        "consent",
        metadata: [
          "consultation": "\(id)", "participant": "\(session.id)",
          "purpose": "\(entry.question.purpose.rawValue)",
          "decision": "\(entry.decision.rawValue)",
        ])
    }
    settle(effects, by: session.id)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  /// As `joined` has it; from now on the participant knows it.
  func consentStatuses(for viewer: ParticipantID) -> [ConsentStatus] {
    let list = statuses(for: viewer)
    consentsTold[viewer] = list
    return list
  }

  /// To everyone of whose list something has changed.
  func tellConsents() {
    for (viewer, session) in sessions {
      let list = statuses(for: viewer)
      guard list != consentsTold[viewer] ?? [] else { continue }
      consentsTold[viewer] = list
      session.link?.send(.consents(list))
    }
  }

  private func statuses(for viewer: ParticipantID) -> [ConsentStatus] {
    room.questions(knownTo: viewer).compactMap { question in
      guard let text = room.consentText(question.purpose) else { return nil }
      return ConsentStatus(
        participant: question.participant.rawValue, purpose: question.purpose.rawValue,
        about: question.about?.rawValue,
        state: room.decision(question)?.rawValue ?? "asked", version: text.version,
        texts: question.participant == viewer
          ? text.wordings.map { ConsentWording(language: $0.language, text: $0.text) } : nil)
    }
  }
}
