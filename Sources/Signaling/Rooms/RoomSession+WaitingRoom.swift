internal import Consultation
internal import Logging
internal import MediaEngine

/// Letting in from the waiting room, and putting back.
extension RoomSession {
  func admit(
    _ participant: ParticipantID, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.admit(participant, by: session.id)
    } catch {
      throw SignalingError(error)
    }
    try await write(effects)
    room = next
    settle(effects)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  func hold(
    _ participant: ParticipantID, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.hold(participant, by: session.id)
    } catch {
      throw SignalingError(error)
    }
    // Media does not wait for the disk, and does not come back when that fails.
    releaseAll(of: participant)
    stopBridges(in: next)
    await recorder.note(effects)
    room = next
    settle(effects)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  /// The consultation as the participant may know it: whether others have met is not for who waits.
  func consultation(for participant: ParticipantID) -> ConsultationEntry {
    let state = room.isAdmitted(participant) ? room.state : .open
    return ConsultationEntry(
      id: id.rawValue, kind: room.kind.rawValue, state: state.rawValue,
      waitingRoom: room.hasWaitingRoom)
  }

  // MARK: What changed

  /// The participant is inside: is told who else is, and they are told.
  func welcome(_ participant: ParticipantID) {
    guard let entry = room[participant].map(RosterEntry.init) else { return }
    note("participant admitted", participant)
    if let session = sessions[participant] { endChecks(of: session) }
    sessions[participant]?.link?.send(
      .admitted(
        consultation: consultation(for: participant),
        roster: rosterEntries(for: participant), aside: asideState(for: participant),
        inCharge: inCharge(for: participant), recording: recordingState, soundOnly: soundOnly))
    tellKeepers(.waitingLeft(participant: entry.id, reason: "admitted"))
    broadcast(.participantJoined(entry), except: participant)
  }

  /// The participant waits again: to the others it has left.
  func putOut(_ participant: ParticipantID) {
    guard let entry = room[participant].map(RosterEntry.waiting) else { return }
    note("participant held", participant)
    told[participant] = nil
    sessions[participant]?.link?.send(.waiting)
    broadcast(.participantLeft(participant: entry.id, reason: "held"))
    tellKeepers(.waitingJoined(entry))
  }

  /// To those who may know of the queue.
  func tellKeepers(_ message: ServerMessage) {
    for (participant, session) in sessions {
      guard let keeper = room[participant], keeper.admission == .admitted,
        keeper.role.allows(.admit)
      else { continue }
      session.link?.send(message)
    }
  }

  /// Ends all media of a participant, in both directions, with its peers on the worker.
  private func releaseAll(of participant: ParticipantID) {
    guard let session = sessions[participant] else { return }
    for connection in session.connections { release(connection) }
    session.connections = []
  }

  private func note(_ event: Logger.Message, _ participant: ParticipantID) {
    environment.logger.info(
      event, metadata: ["consultation": "\(id)", "participant": "\(participant)"])
  }
}
