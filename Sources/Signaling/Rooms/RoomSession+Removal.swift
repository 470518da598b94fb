internal import Consultation
internal import Logging

/// Taking out, for now or for good.
extension RoomSession {
  /// On behalf of the REST interface.
  func remove(
    _ participant: ParticipantID, by role: ParticipantRole, banning: Bool = false
  ) async throws(SignalingError) {
    try await exclusively { () async throws(SignalingError) in
      try await remove(participant, banning: banning, by: role, actor: nil)
    }
  }

  /// The participant, and with `banning` everyone here who came with a token of the same bearer.
  ///
  /// - Parameter actor: the participant who asked; `nil` for the REST interface.
  func remove(
    _ participant: ParticipantID, banning: Bool, by role: ParticipantRole, actor: ParticipantID?
  ) async throws(SignalingError) {
    var next = room
    var effects: [RoomEffect] = []
    let banned = banning ? sessions[participant]?.token.bearer(in: id) : nil
    let removal = Removal(by: role, actor: actor, banned: banned)
    do throws(RoomError) {
      effects = try next.remove(participant, removal)
      for other in sessions.values
      where banned != nil && other.id != participant && other.id != actor
        && other.token.bearer(in: id) == banned
      {
        effects += try next.remove(other.id, removal)
      }
    } catch {
      throw SignalingError(error)
    }
    try await write(effects)
    room = next
    environment.logger.info(
      "participant removed",
      metadata: [
        "consultation": "\(id)", "participant": "\(participant)", "by": "\(role.rawValue)",
        "banned": "\(banning)",
      ])
    settle(effects)
  }
}
