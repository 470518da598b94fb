/// The waiting room. Whoever waits is outside: on nobody's roster, with nobody on theirs, without
/// media in either direction. Only those who may admit know of the queue.
extension Room {
  /// Whether someone of this role waits to be let in.
  public func holdsBack(_ role: ParticipantRole) -> Bool {
    hasWaitingRoom && !role.allows(.admit)
  }

  /// Those who wait, in the order of their coming.
  public var queue: [Participant] { present.filter { !$0.admission.isInside } }

  /// Whether the participant is here and not in the waiting room.
  public func isAdmitted(_ id: ParticipantID) -> Bool { self[id]?.admission.isInside == true }

  /// Whether `viewer` may know that `subject` is here.
  public func mayKnow(_ viewer: ParticipantID, of subject: ParticipantID) -> Bool {
    guard let viewer = self[viewer], let subject = self[subject] else { return false }
    if viewer.id == subject.id { return true }
    guard viewer.admission.isInside else { return false }
    return subject.admission.isInside || viewer.role.allows(.admit)
  }

  /// The roster as `viewer` sees it: who waits sees nobody else.
  public func roster(for viewer: ParticipantID) -> [Participant] {
    if isAdmitted(viewer) { return roster }
    return self[viewer].map { [$0] } ?? []
  }

  /// The queue as `viewer` sees it.
  public func queue(for viewer: ParticipantID) -> [Participant] {
    queue.filter { $0.id != viewer && mayKnow(viewer, of: $0.id) }
  }

  /// Lets someone in. Nothing when that is so already.
  public mutating func admit(
    _ id: ParticipantID, by actor: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let at = try doorkeeping(of: id, by: actor)
    guard !present[at].admission.isInside else { return [] }
    guard roster.count < participantLimit else { throw .full(limit: participantLimit) }
    present[at].admission = .admitted
    return [.admitted(present[at], by: actor)] + activation() + reviewRules()
  }

  /// Puts someone back into the waiting room: all that they publish ends. Nothing when they wait
  /// already.
  public mutating func hold(
    _ id: ParticipantID, by actor: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let at = try doorkeeping(of: id, by: actor)
    guard holdsBack(present[at].role) else { throw .neverWaits(present[at].role) }
    guard present[at].admission.isInside else { return [] }
    let gone = present[at].publications
    present[at].publications = []
    present[at].admission = .held
    return gone.map { .unpublished(id, $0.track, $0.source) } + [.held(present[at], by: actor)]
      + reviewRules()
  }

  /// Keeps how the device and the path of somebody who waits were found.
  public mutating func note(
    _ check: ConnectionCheck, of id: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard !present[at].admission.isInside else { throw .notWaiting }
    present[at].check = check
    return [.checked(id, check)]
  }

  /// Where `id` is, if `actor` may keep the door.
  private func doorkeeping(
    of id: ParticipantID, by actor: ParticipantID
  ) throws(RoomError) -> Int {
    let keeper = present[try index(of: actor)]
    guard keeper.role.allows(.admit) else { throw .forbidden(keeper.role, .admit) }
    guard hasWaitingRoom else { throw .noWaitingRoom }
    return try index(of: id)
  }
}
