/// A private aside: physicians and experts speak with each other, everyone else inside is on hold, with no
/// media, words or files to or from anyone. With nobody to speak to it is a hold within the call.
extension Room {
  /// Whether the participant takes part in the aside that is held now.
  public func isInAside(_ id: ParticipantID) -> Bool {
    guard isAside, let participant = self[id] else { return false }
    return participant.admission.isInside && participant.role.allows(.joinAside)
  }

  /// Begins an aside or ends it. Nothing when that is so already.
  public mutating func setAside(
    _ isWanted: Bool, by actor: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let one = present[try index(of: actor)]
    guard one.role.allows(.beginAside) else { throw .forbidden(one.role, .beginAside) }
    guard one.admission.isInside else { throw .waiting }
    guard isAside != isWanted else { return [] }
    isAside = isWanted
    return [isWanted ? .asideBegan(by: actor) : .asideEnded(by: actor)] + reviewRules()
  }

  /// Nobody stays on hold whom nobody could take off it.
  mutating func endAsideIfAbandoned() -> [RoomEffect] {
    guard isAside, !roster.contains(where: { $0.role.allows(.beginAside) }) else { return [] }
    isAside = false
    return [.asideEnded(by: nil)]
  }

  func isKeptApart(_ one: Participant, _ other: Participant) -> Bool {
    isAside && !(one.role.allows(.joinAside) && other.role.allows(.joinAside))
  }
}
