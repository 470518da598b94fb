/// Words and files go where media may go: never to or from somebody who waits, is on hold or outside an
/// aside, and not past a consent that is missing.
extension Room {
  /// Whether what `sender` writes or shares now is for `receiver`.
  public func mayTell(_ sender: ParticipantID, _ receiver: ParticipantID) -> Bool {
    guard sender != receiver, let one = self[sender], let other = self[receiver] else {
      return false
    }
    return MediaMatrix.allowsWords(from: one.role, to: other.role, stage(one, other))
      && isConsented(one, other)
  }

  /// For whom it is, in the order of joining.
  public func listeners(of sender: ParticipantID) -> [ParticipantID] {
    roster.map(\.id).filter { mayTell(sender, $0) }
  }

  /// Writes to all who may be told. The words are in `chat(for:)` and in no effect.
  public mutating func write(
    _ id: ParticipantID, _ text: ChatText, at now: WallClock
  ) throws(RoomError) -> [RoomEffect] {
    let recipients = try recipients(of: id)
    guard let author = self[id] else { throw .noSuchParticipant }
    log.append(text, by: author, to: recipients, isAside: isAside, at: now)
    return [.wrote(id, to: recipients)]
  }

  /// What this participant has written or could read when it was written, oldest first.
  public func chat(for id: ParticipantID) -> [ChatEntry] {
    guard isAdmitted(id) else { return [] }
    return log.entries.filter { $0.isReadable(by: id) }
  }

  /// - Throws: when there is nobody who may be told.
  public func recipients(of id: ParticipantID) throws(RoomError) -> [ParticipantID] {
    let sender = present[try index(of: id)]
    guard sender.role.allows(.publish) else { throw .forbidden(sender.role, .publish) }
    guard sender.admission.isInside else { throw .waiting }
    let recipients = listeners(of: id)
    guard !recipients.isEmpty else {
      throw isAside && !isInAside(id) ? .onHold : .nobodyToTell
    }
    return recipients
  }
}
