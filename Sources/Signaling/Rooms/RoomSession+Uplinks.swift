internal import Consultation
internal import Wire

/// Whose own path carries no pictures, as clients find out and everyone who misses them is told.
extension RoomSession {
  func setUplink(carriesVideo: Bool, of session: ParticipantSession) {
    // Told again by a client that has just published.
    guard !session.uplinkCarriesVideo || !carriesVideo else { return }
    session.uplinkCarriesVideo = carriesVideo
    for (track, adaptation) in pictures(of: session.id) {
      for (participant, other) in sessions
      where participant == session.id || room.mayReceive(participant, track) {
        other.link?.send(.adapted(carriesVideo ? adaptation.ended : adaptation))
      }
    }
  }

  /// What a participant that comes (back) has to know.
  func uplinkAdaptations(for participant: ParticipantID) -> [Adaptation] {
    sessions.values.filter { !$0.uplinkCarriesVideo }.flatMap { session in
      pictures(of: session.id).filter { track, _ in
        participant == session.id || room.mayReceive(participant, track)
      }.map(\.1)
    }
  }

  private func pictures(of participant: ParticipantID) -> [(TrackID, Adaptation)] {
    let name = participant.rawValue
    return (room[participant]?.publications ?? []).filter { $0.kind == .video }.map {
      let adaptation = Adaptation(
        viewer: name, participant: name, publication: $0.track.description, step: .videoOff,
        reason: .uplink)
      return ($0.track, adaptation)
    }
  }
}
