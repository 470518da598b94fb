internal import Consultation
internal import MediaEngine

/// Who knows of which publications, and gets them. A publication is told to those who may receive it:
/// when that changes, it begins or ends for them.
extension RoomSession {
  /// The roster as `viewer` may know it; from now on the viewer knows it.
  func rosterEntries(for viewer: ParticipantID) -> [RosterEntry] {
    let receivable = Set(room.receivable(by: viewer).map(\.1.track))
    told[viewer] = receivable
    return room.roster(for: viewer).map { participant in
      RosterEntry(
        participant,
        publications: participant.publications.filter {
          participant.id == viewer || receivable.contains($0.track)
        })
    }
  }

  /// A new publication, to those who may receive it.
  ///
  /// - Parameter later: what else has changed: the same viewer may be told of another one next.
  func tell(
    _ publication: Participant.Publication, of owner: ParticipantID,
    followedBy later: ArraySlice<RoomEffect>
  ) {
    let next = Set(
      later.lazy.compactMap { $0.publication(of: owner) }.flatMap { self.room.receivers(of: $0) })
    for viewer in room.receivers(of: publication.track) {
      told[viewer, default: []].insert(publication.track)
      sessions[viewer]?.link?.send(
        .published(
          participant: owner.rawValue, RosterPublication(publication), more: next.contains(viewer)))
    }
  }

  /// To those who may receive a track.
  func tell(_ message: ServerMessage, toReceiversOf track: TrackID) {
    for viewer in room.receivers(of: track) { sessions[viewer]?.link?.send(message) }
  }

  /// A publication has ended: to those who knew of it.
  func tellEnd(of track: TrackID, of owner: ParticipantID) {
    for (viewer, session) in sessions where told[viewer]?.remove(track) != nil {
      session.link?.send(
        .unpublished(participant: owner.rawValue, publication: track.description, re: nil))
    }
  }
}

extension RoomEffect {
  fileprivate func publication(of participant: ParticipantID) -> TrackID? {
    if case .published(participant, let publication) = self { publication.track } else { nil }
  }
}
