/// What is published, and who may receive it.
extension Room {
  /// A new track. `muted: nil` means as the participant last had this source; a source that was
  /// muted when its media connection went away comes back muted whatever is asked for, only
  /// `setMuted` opens it.
  /// - Parameter isEncrypted: end to end. It ends a recording, which would have it as noise.
  public mutating func publish(
    _ id: ParticipantID, _ source: MediaSource, as track: TrackID, muted: Bool?,
    isEncrypted: Bool = false
  ) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard present[at].role.allows(.publish) else { throw .forbidden(present[at].role, .publish) }
    guard present[at].admission.isInside else { throw .waiting }
    guard MediaMatrix.maySend(present[at].role, source) else {
      throw .mayNotSend(present[at].role, source)
    }
    if let present = present[at].publications.first(where: { $0.source == source }) {
      throw .sourceInUse(present.track)
    }
    guard publication(track) == nil else { throw .trackInUse }
    let isMuted = present[at].mutedSources.contains(source) || muted == true
    if isMuted { present[at].mutedSources.insert(source) }
    let publication = Participant.Publication(
      track: track, source: source, muted: isMuted,
      priority: present[at].priorities[source] ?? source.usualPriority,
      isEncrypted: isEncrypted)
    present[at].publications.append(publication)
    return [.published(id, publication)] + (isEncrypted ? endRecording(.encrypted, by: id) : [])
  }

  /// - Parameter keepingMute: whether the source comes back muted if it was: true when an offer or the end
  ///   of a media connection takes the track away, false when the participant stopped it by own wish.
  public mutating func unpublish(
    _ id: ParticipantID, _ track: TrackID, keepingMute: Bool
  ) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard let position = present[at].publications.firstIndex(where: { $0.track == track }) else {
      throw .noSuchTrack
    }
    let source = present[at].publications.remove(at: position).source
    if !keepingMute { present[at].mutedSources.remove(source) }
    return [.unpublished(id, track, source)]
  }

  /// Nothing when it is so already.
  public mutating func setMuted(
    _ id: ParticipantID, _ track: TrackID, _ muted: Bool
  ) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard let position = present[at].publications.firstIndex(where: { $0.track == track }) else {
      throw .noSuchTrack
    }
    let source = present[at].publications[position].source
    if muted {
      present[at].mutedSources.insert(source)
    } else {
      present[at].mutedSources.remove(source)
    }
    guard present[at].publications[position].muted != muted else { return [] }
    present[at].publications[position].muted = muted
    return [.muted(id, track, muted)]
  }

  /// What counts more in the pictures of a track, and of what comes later from the same source: as its
  /// publisher wishes, or who examines. Nothing when it is so already.
  public mutating func setPriority(
    _ actor: ParticipantID, _ track: TrackID, _ priority: TrackPriority
  ) throws(RoomError) -> [RoomEffect] {
    let role = present[try index(of: actor)].role
    guard let (owner, publication) = publication(track),
      owner == actor || mayReceive(actor, track)
    else { throw .noSuchTrack }
    guard owner == actor || role.allows(.admit) else { throw .forbidden(role, .admit) }
    let at = try index(of: owner)
    present[at].priorities[publication.source] = priority
    guard publication.priority != priority else { return [] }
    for position in present[at].publications.indices
    where present[at].publications[position].track == track {
      present[at].publications[position].priority = priority
    }
    return [.prioritized(owner, track, priority)]
  }

  /// Whose track it is, and the track.
  public func publication(_ track: TrackID) -> (ParticipantID, Participant.Publication)? {
    for participant in roster {
      for publication in participant.publications where publication.track == track {
        return (participant.id, publication)
      }
    }
    return nil
  }

  /// Whether `viewer` may receive the track: someone else's, where the matrix lets it pass
  /// and everything that it needs is agreed to.
  public func mayReceive(_ viewer: ParticipantID, _ track: TrackID) -> Bool {
    guard let receiver = self[viewer], let (owner, publication) = publication(track),
      let sender = self[owner]
    else { return false }
    return mayPass(publication.source, from: sender, to: receiver)
  }

  /// All that `viewer` may receive, in roster order.
  public func receivable(by viewer: ParticipantID) -> [(ParticipantID, Participant.Publication)] {
    guard let receiver = self[viewer] else { return [] }
    return roster.flatMap { sender in
      sender.publications.filter { mayPass($0.source, from: sender, to: receiver) }
        .map { (sender.id, $0) }
    }
  }

  /// Who may receive the track.
  public func receivers(of track: TrackID) -> [ParticipantID] {
    guard let (owner, publication) = publication(track), let sender = self[owner] else { return [] }
    return roster.filter { mayPass(publication.source, from: sender, to: $0) }.map(\.id)
  }

  /// How near two participants are to each other.
  func stage(_ one: Participant, _ other: Participant) -> MediaMatrix.Stage {
    if state == .ended { return .over }
    if one.admission == .waiting || other.admission == .waiting { return .waiting }
    if one.admission == .held || other.admission == .held { return .onHold }
    return isKeptApart(one, other) ? .onHold : .inAct
  }

  /// Whether media may go from one to the other now. Every edge is asked for here.
  private func mayPass(
    _ source: MediaSource, from sender: Participant, to receiver: Participant
  ) -> Bool {
    sender.id != receiver.id
      && MediaMatrix.allows(
        source, from: sender.role, to: receiver.role, stage(sender, receiver))
      && isConsented(sender, receiver) && isBridged(source, from: sender, to: receiver)
  }
}
