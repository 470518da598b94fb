/// Bridges: participants by telephone. Nothing goes to or comes from one while anyone inside has not agreed to that;
/// one who does not agree ends it.
extension Room {
  /// Those who are here by a bridge, those who wait among them.
  public var bridges: [Participant] { present.filter { $0.bridge != nil } }

  /// Whether sound goes to and comes from bridges.
  public var mayBeBridged: Bool {
    state != .ended && consentText(.bridge) != nil
      && people.allSatisfy { bridgeDecision(of: $0) == .given }
  }

  /// - Throws: `nobodyInside`, `consentMissing` where it is not asked or was refused.
  public func check(_ bridge: Bridge, _ role: ParticipantRole) throws(RoomError) {
    guard bridge.suits(role) else { throw .notBridged(role) }
    guard consentText(.bridge) != nil, opponent == nil else { throw .consentMissing(.bridge) }
    guard !people.isEmpty else { throw .nobodyInside }
    guard bridges.count < Bridge.limit else { throw .full(limit: Bridge.limit) }
  }

  /// Comes after whatever changes who is inside or who has agreed.
  mutating func reviewBridges() -> [RoomEffect] {
    guard !bridges.isEmpty else {
      areBridgesPaused = false
      return []
    }
    if people.isEmpty { return endBridges(.departure, .left) }
    if opponent != nil { return endBridges(.consent, .removed) }
    let isPaused = !mayBeBridged
    guard areBridgesPaused != isPaused else { return [] }
    areBridgesPaused = isPaused
    return [isPaused ? .bridgesPaused : .bridgesResumed]
  }

  /// Whether a source goes between the two, where one of them is here by a bridge.
  func isBridged(
    _ source: MediaSource, from sender: Participant, to receiver: Participant
  ) -> Bool {
    guard sender.bridge != nil || receiver.bridge != nil else { return true }
    // What is encrypted end to end cannot be mixed.
    guard !sender.publications.contains(where: { $0.source == source && $0.isEncrypted }) else {
      return false
    }
    return source.isAudio && sender.bridge?.speaks != false && receiver.bridge?.hears != false
      && mayBeBridged
  }

  private var people: [Participant] { roster.filter { $0.bridge == nil } }

  private var opponent: Participant? {
    people.first {
      let decision = bridgeDecision(of: $0)
      return decision == .refused || decision == .withdrawn
    }
  }

  private func bridgeDecision(of participant: Participant) -> ConsentDecision? {
    decision(ConsentQuestion(.bridge, of: participant.id, about: nil))
  }

  private mutating func endBridges(_ end: BridgeEnd, _ reason: LeaveReason) -> [RoomEffect] {
    var effects: [RoomEffect] = []
    while let at = present.firstIndex(where: { $0.bridge != nil }) {
      effects += depart(at, reason, end)
    }
    return effects
  }
}
