/// What participants are asked before media may pass, and what they have said. A decision is good for
/// one presence: who leaves and comes again is asked again, and so is a patient about each third
/// participant who comes.
extension Room {
  /// The words of a purpose, where the consultation asks for it.
  public func consentText(_ purpose: ConsentPurpose) -> ConsentText? {
    consents.first { $0.purpose == purpose }
  }

  /// What a participant is asked now, decided or not.
  public func questions(for id: ParticipantID) -> [ConsentQuestion] {
    guard !consents.isEmpty, let participant = self[id] else { return [] }
    return consents.flatMap { text -> [ConsentQuestion] in
      guard text.purpose.isAsked(of: participant.role),
        text.purpose != .bridge || participant.bridge == nil
      else { return [] }
      guard text.purpose == .thirdParticipant else {
        return [ConsentQuestion(text.purpose, of: id, about: nil)]
      }
      // Who waits is told of nobody.
      guard participant.admission.isInside else { return [] }
      return roster.filter { $0.id != id && $0.role.isThird }
        .map { ConsentQuestion(.thirdParticipant, of: id, about: $0.id) }
    }
  }

  /// `nil`: not decided yet.
  public func decision(_ question: ConsentQuestion) -> ConsentDecision? {
    decisions[question]?.decision
  }

  /// All that `viewer` may know of: what it is asked itself; to a physician inside, what everyone is
  /// asked; to a third participant, what is asked about it.
  public func questions(knownTo viewer: ParticipantID) -> [ConsentQuestion] {
    guard !consents.isEmpty, let reader = self[viewer] else { return [] }
    return present.flatMap { participant -> [ConsentQuestion] in
      guard mayKnow(viewer, of: participant.id) else { return [] }
      return questions(for: participant.id).filter {
        participant.id == viewer || reader.role == .physician || $0.about == viewer
      }
    }
  }

  /// Gives, refuses or withdraws. Nothing when that was the last word already.
  ///
  /// - Parameter version: of the text that was read.
  /// - Parameter language: in which it was read.
  public mutating func decide(
    _ question: ConsentQuestion, isGiven: Bool, version: String, language: String
  ) throws(RoomError) -> [RoomEffect] {
    _ = try index(of: question.participant)
    guard questions(for: question.participant).contains(question),
      let text = consentText(question.purpose)
    else { throw .consentNotAsked(question.purpose) }
    guard text.version == version else { throw .consentOutdated(question.purpose, text.version) }
    guard text.wordings.contains(where: { $0.language == language }) else {
      throw .consentNotWorded(question.purpose)
    }
    let former = decisions[question]?.decision
    guard (former == .given) != isGiven || former == nil else { return [] }
    let decision: ConsentDecision =
      isGiven ? .given : former == .given ? .withdrawn : .refused
    let entry = ConsentEntry(question, decision, version: version, language: language)
    decisions[question] = entry
    return [.consented(entry)] + reviewRules()
  }

  /// Whether what the two have to agree to, before media passes between them, is given.
  func isConsented(_ one: Participant, _ other: Participant) -> Bool {
    consents.isEmpty || (hasAgreed(one, to: other) && hasAgreed(other, to: one))
  }

  private func hasAgreed(_ one: Participant, to other: Participant) -> Bool {
    consents.allSatisfy { text in
      switch text.purpose {
      case .act:
        !text.purpose.isAsked(of: one.role) || isGiven(.act, one.id, about: nil)
      case .thirdParticipant:
        !text.purpose.isAsked(of: one.role) || !other.role.isThird
          || isGiven(.thirdParticipant, one.id, about: other.id)
      // Asked for what is made of media, not for media between people.
      case .imageCapture, .recording, .bridge: true
      }
    }
  }

  private func isGiven(
    _ purpose: ConsentPurpose, _ id: ParticipantID, about: ParticipantID?
  ) -> Bool {
    decision(ConsentQuestion(purpose, of: id, about: about)) == .given
  }

  /// Who has left is asked again when coming back, and others about them.
  mutating func forgetDecisions(about id: ParticipantID) {
    guard !decisions.isEmpty else { return }
    decisions = decisions.filter { $0.key.participant != id && $0.key.about != id }
  }
}
