/// Recordings: begun by a physician, while everyone inside has agreed to being recorded. The sound of one carries
/// the voices of the others, so that one who has not agreed yet keeps all of it paused, and one who does not agree
/// ends it.
extension Room {
  /// - Throws: `consentMissing` while anyone inside has not agreed, no patient is inside or an aside is held;
  ///   `encrypted` while anything is encrypted end to end.
  public mutating func beginRecording(by actor: ParticipantID) throws(RoomError) -> [RoomEffect] {
    try checkRecorder(actor)
    guard recording == nil else { throw .recordingUnderWay }
    guard mayBeRecorded else { throw .consentMissing(.recording) }
    for participant in roster {
      if let hidden = participant.publications.first(where: \.isEncrypted) {
        throw .encrypted(hidden.track)
      }
    }
    recording = Recording(actor: actor, isPaused: false)
    return [.recordingBegan(by: actor)]
  }

  /// A physician ends it, also one who did not begin it.
  public mutating func stopRecording(by actor: ParticipantID) throws(RoomError) -> [RoomEffect] {
    try checkRecorder(actor)
    guard recording != nil else { throw .notRecording }
    return endRecording(.stopped, by: actor)
  }

  /// It cannot go on. Nothing when nothing is recorded.
  public mutating func endRecording(_ reason: RecordingEnd, by actor: ParticipantID?)
    -> [RoomEffect]
  {
    guard recording != nil else { return [] }
    recording = nil
    return [.recordingEnded(reason, by: actor)]
  }

  /// Whether something is recorded at this moment.
  public var isRecording: Bool { recording?.isPaused == false }

  /// Whose consent is still missing of those inside.
  public var unrecordable: [ParticipantID] {
    roster.filter { recordingDecision(of: $0) != .given }.map(\.id)
  }

  /// Comes after whatever changes who is inside or who has agreed.
  mutating func reviewRecording() -> [RoomEffect] {
    guard let recording else { return [] }
    guard isAdmitted(recording.actor) else { return endRecording(.departure, by: nil) }
    let opponent = roster.first {
      let decision = recordingDecision(of: $0)
      return decision == .refused || decision == .withdrawn
    }
    if let opponent { return endRecording(.consent, by: opponent.id) }
    let isPaused = !mayBeRecorded
    guard recording.isPaused != isPaused else { return [] }
    self.recording?.isPaused = isPaused
    return [isPaused ? .recordingPaused : .recordingResumed]
  }

  private var mayBeRecorded: Bool {
    state != .ended && !isAside && consentText(.recording) != nil
      && roster.contains { $0.role == .patient } && unrecordable.isEmpty
  }

  private func recordingDecision(of participant: Participant) -> ConsentDecision? {
    decision(ConsentQuestion(.recording, of: participant.id, about: nil))
  }

  private func checkRecorder(_ actor: ParticipantID) throws(RoomError) {
    let one = present[try index(of: actor)]
    guard one.role.allows(.record) else { throw .forbidden(one.role, .record) }
    guard one.admission.isInside else { throw .waiting }
  }
}
