internal import Consultation
internal import Logging

/// Handing the consultation to another physician.
extension RoomSession {
  func transfer(
    to successor: ParticipantID?, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.transfer(to: successor, by: session.id)
    } catch {
      throw SignalingError(error)
    }
    try await write(effects)
    room = next
    if !effects.isEmpty {
      environment.logger.info(
        "consultation handed over",
        metadata: [
          "consultation": "\(id)", "participant": "\(session.id)",
          "to": "\(successor?.rawValue ?? "next")",
        ])
    }
    settle(effects)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  /// Whom this participant knows to be in charge.
  func inCharge(for participant: ParticipantID) -> String? {
    room.isAdmitted(participant) ? room.inCharge?.rawValue : nil
  }
}
