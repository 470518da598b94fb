internal import Consultation
internal import Logging

/// Physicians and experts among themselves, while everyone else is on hold.
extension RoomSession {
  func setAside(
    _ isActive: Bool, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.setAside(isActive, by: session.id)
    } catch {
      throw SignalingError(error)
    }
    if isActive {
      // What must stop does not wait for the disk, and does not come back when that fails.
      cut(next)
      await recorder.note(effects)
    } else {
      try await write(effects)
    }
    room = next
    if !effects.isEmpty {
      environment.logger.info(
        "aside",
        metadata: [
          "consultation": "\(id)", "participant": "\(session.id)", "active": "\(isActive)",
        ])
    }
    settle(effects)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  func asideState(for participant: ParticipantID) -> AsideState {
    guard room.isAside, room.isAdmitted(participant) else { return .none }
    return room.isInAside(participant) ? .inside : .outside
  }

  func tellAside() {
    for (participant, session) in sessions where room.isAdmitted(participant) {
      session.link?.send(.aside(asideState(for: participant)))
    }
  }
}

extension RoomEffect {
  var isOfAside: Bool {
    switch self {
    case .asideBegan, .asideEnded: true
    default: false
    }
  }
}
