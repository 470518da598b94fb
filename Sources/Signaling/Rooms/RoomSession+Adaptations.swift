internal import Congestion
internal import Consultation
internal import MediaEngine

/// What is given up on narrow paths, as both sides are told. The worker's ladder waits before each of
/// its moves, so that there is nothing to be smoothed here.
extension RoomSession {
  func adapted(_ id: SubscriptionID, _ step: LadderStep, _ reason: LadderReason) {
    guard let (viewer, subscription) = subscription(id), let track = subscription.publication,
      let (owner, publication) = room.publication(TrackID(track))
    else { return }
    let adaptation = Adaptation(
      viewer: viewer.rawValue, participant: owner.rawValue,
      publication: publication.track.description,
      step: .init(step, priority: LadderPriority(publication.priority)), reason: .init(reason))
    guard adaptations[id] != adaptation, adaptations[id] != nil || step != .full else { return }
    adaptations[id] = step == .full ? nil : adaptation
    tell(adaptation)
  }

  /// What a participant that comes (back) has to know: of what it views and of what it publishes.
  func adaptations(about participant: ParticipantID) -> [Adaptation] {
    let name = participant.rawValue
    let paths = adaptations.values.filter { $0.viewer == name || $0.participant == name }
    return (paths + uplinkAdaptations(for: participant))
      .sorted { ($0.viewer, $0.publication) < ($1.viewer, $1.publication) }
  }

  /// Ends what was true of subscriptions that are gone, or carry something else now.
  func settleAdaptations() {
    guard !adaptations.isEmpty else { return }
    for (id, adaptation) in adaptations {
      guard let (_, subscription) = subscription(id),
        let track = subscription.publication.map({ TrackID($0) }),
        let (owner, _) = room.publication(track)
      else {
        adaptations[id] = nil
        tell(adaptation.ended)
        continue
      }
      guard track.description != adaptation.publication else { continue }
      var moved = adaptation
      (moved.participant, moved.publication) = (owner.rawValue, track.description)
      adaptations[id] = moved
      tell(adaptation.ended)
      tell(moved)
    }
  }

  func subscription(
    _ id: SubscriptionID
  ) -> (ParticipantID, MediaConnection.Subscription)? {
    for (participant, session) in sessions {
      for connection in session.connections where connection.peer != nil {
        for subscription in connection.subscriptions where subscription.id == id {
          return (participant, subscription)
        }
      }
    }
    return nil
  }

  private func tell(_ adaptation: Adaptation) {
    for (participant, session) in sessions
    where room.isAdmitted(participant)
      && (adaptation.viewer == participant.rawValue
        || adaptation.participant == participant.rawValue)
    {
      session.link?.send(.adapted(adaptation))
    }
  }
}
