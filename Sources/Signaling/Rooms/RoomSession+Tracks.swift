internal import Consultation
internal import MediaEngine
internal import Wire

/// What the sections of an offer are for.
extension RoomSession {
  func bindings(
    _ tracks: [ClientMessage.TrackRequest], of session: ParticipantSession,
    on connection: MediaConnection
  ) throws(SignalingError) -> [TrackBinding] {
    var bindings: [TrackBinding] = []
    var sources: Set<MediaSource> = []
    for track in tracks {
      switch track.use {
      case .publish(let name, let muted, let isEncrypted):
        guard let source = MediaSource(rawValue: name) else {
          throw SignalingError(
            .badField,
            "field `publish.source` is one of "
              + MediaSource.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard sources.insert(source).inserted else {
          throw SignalingError(
            .badField, "\(source.rawValue) is on two sections: a source has one publication")
        }
        let present = room[session.id]?.publications.first { $0.source == source }
        guard present == nil || isEncrypted == nil || isEncrypted == present?.isEncrypted else {
          throw SignalingError(
            .wrongState,
            "the \(source.rawValue) is published otherwise: `encrypted` is for all of a publication"
          )
        }
        bindings.append(
          TrackBinding(
            mid: track.mid, role: try publishing(source, muted: muted, session, connection)))
      case .subscribe(let text):
        let wanted = try self.track(text)
        guard session.token.role.allows(.subscribe) else {
          throw SignalingError(RoomError.forbidden(session.token.role, .subscribe))
        }
        // Gone while the offer was on its way: the section is inactive, the rest goes on.
        guard room.mayReceive(session.id, wanted), let found = room.publication(wanted) else {
          continue
        }
        let (owner, publication) = found
        bindings.append(
          TrackBinding(
            mid: track.mid,
            role: .subscribe(
              PublicationID(wanted), kind: publication.kind,
              stream: publication.source.stream(of: owner))))
      }
    }
    return bindings
  }

  private func publishing(
    _ source: MediaSource, muted: Bool?, _ session: ParticipantSession,
    _ connection: MediaConnection
  ) throws(SignalingError) -> TrackBinding.Role {
    guard session.token.role.allows(.publish) else {
      throw SignalingError(RoomError.forbidden(session.token.role, .publish))
    }
    guard MediaMatrix.maySend(session.token.role, source) else {
      throw SignalingError(RoomError.mayNotSend(session.token.role, source))
    }
    let participant = room[session.id]
    guard let present = participant?.publications.first(where: { $0.source == source }) else {
      return .publish(
        identifiers.nextPublication(), source: source,
        muted: muted == true || participant?.hasMuted(source) == true)
    }
    let id = PublicationID(present.track)
    guard connection.publications.contains(id) else {
      throw SignalingError(RoomError.sourceInUse(present.track))
    }
    return .publish(id, source: source, muted: muted == true || present.muted)
  }

  /// What the client is told of them.
  func tracks(_ result: NegotiationResult) -> [AnsweredTrack] {
    result.tracks.compactMap { track in
      let direction: AnsweredTrack.Direction
      let id: PublicationID?
      switch track.role {
      case .publish(let publication, _): (direction, id) = (.publish, publication)
      case .subscribe(_, let publication): (direction, id) = (.subscribe, publication)
      }
      guard let id, let (owner, publication) = room.publication(TrackID(id)) else { return nil }
      return AnsweredTrack(
        mid: track.mid, direction: direction, publication: TrackID(id).description,
        participant: owner.rawValue, kind: track.kind.rawValue,
        source: publication.source.rawValue, muted: publication.muted)
    }
  }
}

extension [ClientMessage.TrackRequest] {
  /// What the client says of each source, where it says something.
  var muting: [MediaSource: Bool] {
    var muting: [MediaSource: Bool] = [:]
    for track in self {
      if case .publish(let name, let muted?, _) = track.use,
        let source = MediaSource(rawValue: name)
      {
        muting[source] = muted
      }
    }
    return muting
  }

  /// What the client says is encrypted end to end.
  var encrypted: Set<MediaSource> {
    Set(
      compactMap {
        if case .publish(let name, _, true) = $0.use { MediaSource(rawValue: name) } else { nil }
      })
  }
}

extension PublicationID {
  /// The room and the worker know a track by one number.
  init(_ track: TrackID) { self.init(rawValue: track.rawValue) }
}

extension TrackID {
  init(_ publication: PublicationID) { self.init(rawValue: publication.rawValue) }
}

extension Participant.Publication {
  var kind: MediaKind { source.isAudio ? .audio : .video }
}

extension MediaSource {
  /// The `a=msid` stream: one for each source. Within one stream a browser holds the voice until the
  /// pictures of a bad path have come; `playout.js` lets pictures wait for the voice instead.
  func stream(of participant: ParticipantID) -> String {
    // An id is at most 64 characters, and so is the name of a stream.
    let rest = participant.rawValue.suffix(57)
    return switch self {
    case .microphone: participant.rawValue
    case .camera: "camera-" + rest
    case .screen: "screen-" + rest
    }
  }
}
