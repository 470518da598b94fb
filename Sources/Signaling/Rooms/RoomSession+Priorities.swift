internal import Congestion
internal import Consultation
internal import MediaEngine
internal import Wire

/// What counts more in a picture, as its publisher says.
extension RoomSession {
  func setPriority(
    _ track: TrackID, _ priority: TrackPriority, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.setPriority(session.id, track, priority)
    } catch {
      throw SignalingError(error)
    }
    await recorder.note(effects)
    room = next
    worker.send([.setPublicationPriority(PublicationID(track), LadderPriority(priority))])
    settle(effects, by: session.id)
    // Whoever asked has one answer, also where it was so already.
    if let re { session.link?.send(.accepted(re: re)) }
  }

  /// To who receives the track, and to its publisher, whose encoder follows.
  func tell(_ priority: TrackPriority, of track: TrackID, of participant: ParticipantID) {
    let message = ServerMessage.prioritized(
      participant: participant.rawValue, publication: track.description, priority: priority)
    tell(message, toReceiversOf: track)
    sessions[participant]?.link?.send(message)
  }

  /// For publications that came to the worker with an answer.
  func priorityCommands(
    _ negotiated: Negotiated, _ participant: ParticipantID
  ) -> [WorkerCommand] {
    let described = negotiated.result.addedPublications + negotiated.result.changedPublications
    return (room[participant]?.publications ?? []).compactMap { publication in
      let id = PublicationID(publication.track)
      guard publication.priority != .motion, described.contains(where: { $0.id == id }) else {
        return nil
      }
      return .setPublicationPriority(id, LadderPriority(publication.priority))
    }
  }
}

extension LadderPriority {
  init(_ priority: TrackPriority) {
    switch priority {
    case .detail: self = .detail
    case .motion: self = .motion
    }
  }
}
