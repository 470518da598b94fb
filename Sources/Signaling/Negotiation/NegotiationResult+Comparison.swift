internal import MediaEngine
internal import Wire

extension NegotiationResult {
  /// Notes what a session has more, less or otherwise than the one before it.
  mutating func compare(before: NegotiatedSession?, after: NegotiatedSession) {
    comparePublications(before: before?.publications ?? [], after: after.publications)
    compareSubscriptions(before: before?.subscriptions ?? [], after: after.subscriptions)
    for section in after.sections {
      guard let kind = MediaKind(rawValue: section.media) else { continue }
      if let role = section.publication?.role {
        tracks.append(
          NegotiatedTrack(
            mid: section.mid, kind: kind, role: .publish(role.id, source: role.source)))
      }
      if let subscription = section.subscription {
        tracks.append(
          NegotiatedTrack(
            mid: section.mid, kind: kind,
            role: .subscribe(subscription.id, subscription.parameters.publication)))
      }
    }
  }

  private mutating func comparePublications(
    before: [NegotiatedSession.Published], after: [NegotiatedSession.Published]
  ) {
    let kept = Set(after.map(\.role.id))
    removedPublications = before.map(\.role.id).filter { !kept.contains($0) }
    for now in after {
      let publication = AddedPublication(id: now.role.id, parameters: now.parameters)
      guard let old = before.first(where: { $0.role.id == now.role.id }) else {
        addedPublications.append(publication)
        continue
      }
      var comparable = old.parameters
      comparable.muted = now.parameters.muted
      if comparable != now.parameters {
        changedPublications.append(publication)
      } else if old.parameters.muted != now.parameters.muted {
        mutedPublications.append(Muting(id: now.role.id, muted: now.parameters.muted))
      }
    }
  }

  private mutating func compareSubscriptions(
    before: [NegotiatedSession.Subscribed], after: [NegotiatedSession.Subscribed]
  ) {
    let kept = Set(after.map(\.id))
    removedSubscriptions = before.map(\.id).filter { !kept.contains($0) }
    for now in after {
      guard let old = before.first(where: { $0.id == now.id }) else {
        addedSubscriptions.append(AddedSubscription(id: now.id, parameters: now.parameters))
        continue
      }
      var comparable = old.parameters
      comparable.publication = now.parameters.publication
      if comparable != now.parameters {
        changedSubscriptions.append(AddedSubscription(id: now.id, parameters: now.parameters))
      } else if old.parameters.publication != now.parameters.publication {
        reboundSubscriptions.append(
          Rebinding(id: now.id, publication: now.parameters.publication))
      }
    }
  }
}
