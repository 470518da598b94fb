/// Which physician is in charge. While physicians are inside, one of them is: who came first, then whom the
/// consultation was handed to, or who is here longest when that one leaves.
extension Room {
  /// Hands the consultation to another physician who is here, or, with `nil`, to the next who comes.
  /// Nothing when that is so already.
  public mutating func transfer(
    to successor: ParticipantID?, by actor: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let one = present[try index(of: actor)]
    guard one.role.allows(.takeCharge) else { throw .forbidden(one.role, .takeCharge) }
    guard inCharge == actor else { throw .notInCharge }
    guard let successor else {
      guard !isChargeOffered else { return [] }
      isChargeOffered = true
      return [.chargeOffered(by: actor)]
    }
    let other = present[try index(of: successor)]
    guard other.role.allows(.takeCharge) else { throw .cannotTakeCharge(other.role) }
    guard successor != actor else { return [] }
    return take(successor, .transfer)
  }

  /// Somebody has come.
  mutating func takeChargeOnArrival(_ id: ParticipantID) -> [RoomEffect] {
    guard self[id]?.role.allows(.takeCharge) == true else { return [] }
    if isChargeOffered { return take(id, .transfer) }
    // Said by the coming itself.
    if inCharge == nil { inCharge = id }
    return []
  }

  /// Somebody has gone. What was offered stays offered.
  mutating func passOnCharge() -> [RoomEffect] {
    guard let former = inCharge, self[former] == nil else { return [] }
    guard let next = roster.first(where: { $0.role.allows(.takeCharge) }) else {
      lastInCharge = former
      inCharge = nil
      return []
    }
    let wasOffered = isChargeOffered
    defer { isChargeOffered = wasOffered }
    return take(next.id, .departure)
  }

  private mutating func take(_ id: ParticipantID, _ reason: ChargeReason) -> [RoomEffect] {
    let former = inCharge ?? lastInCharge
    inCharge = id
    lastInCharge = nil
    isChargeOffered = false
    return [.chargeTaken(by: id, from: former, reason)]
  }
}

/// How a physician came to be in charge.
public enum ChargeReason: String, Codable, Hashable, Sendable, CaseIterable {
  /// The one before has handed over.
  case transfer
  /// The one before has left.
  case departure
}
