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
      var entry = RosterEntry(
        participant,
        publications: participant.publications.filter {
          participant.id == viewer || receivable.contains($0.track)
        })
      entry.hooks = room.hooks(of: participant.id)
      return entry
    }
  }

  /// A new publication, to those who may receive it.
  ///
  /// - Parameter later: what else has changed: the same viewer may be told of another one next.
  func tell(
    _ publication: Participant.Publication, of owner: ParticipantID,
    followedBy later: ArraySlice<RoomEffect>
  ) {
    var next: Set<ParticipantID> = []
    for effect in later {
      guard let track = effect.publication(of: owner) else { continue }
      next.formUnion(room.receivers(of: track))
    }
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

  /// Ends on the worker what may no longer pass in `next`: within its next turn nothing goes along those
  /// edges any more.
  func cut(_ next: Room) {
    stopCaptures(in: next)
    stopRenditions(in: next)
    stopMixes(in: next)
    stopMeasurements(in: next)
    stopRecording(in: next)
    stopBridges(in: next)
    var commands: [WorkerCommand] = []
    for (viewer, session) in sessions {
      for connection in session.connections where connection.peer != nil {
        for at in connection.subscriptions.indices {
          guard let track = connection.subscriptions[at].publication.map({ TrackID($0) }),
            next.publication(track) != nil, !next.mayReceive(viewer, track)
          else { continue }
          commands.append(connection.rebind(at: at, to: nil))
        }
      }
    }
    worker.send(commands)
  }

  /// What may pass now and could not before begins for those who may receive it, what may not ends.
  func settleEdges() {
    cut(room)
    for (viewer, session) in sessions where room.isAdmitted(viewer) {
      let receivable = room.receivable(by: viewer)
      let former = told[viewer] ?? []
      let present = Set(receivable.map(\.1.track))
      guard former != present else { continue }
      told[viewer] = present
      for track in former.subtracting(present).sorted(by: { $0.rawValue < $1.rawValue }) {
        guard let (owner, _) = room.publication(track) else { continue }
        session.link?.send(
          .unpublished(participant: owner.rawValue, publication: track.description, re: nil))
      }
      let new = receivable.filter { !former.contains($0.1.track) }
      for (place, (owner, publication)) in new.enumerated() {
        session.link?.send(
          .published(
            participant: owner.rawValue, RosterPublication(publication),
            more: new[(place + 1)...].contains { $0.0 == owner }))
      }
    }
    for owner in room.roster { rebindViewers(of: owner.id) }
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
