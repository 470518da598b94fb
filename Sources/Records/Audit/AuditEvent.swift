public import Consultation

/// One thing that happened, as the log keeps it: pseudonyms only, never a name, an address or a token.
public struct AuditEvent: Hashable, Sendable {
  /// What happened, in the words of the event catalogue (`Docs/Records.md`).
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    init(_ rawValue: String) { self.rawValue = rawValue }

    public static let logOpened = Kind("log.opened")
    public static let logClosed = Kind("log.closed")
    public static let roomCreated = Kind("room.created")
    public static let roomState = Kind("room.state")
    public static let roomClosed = Kind("room.closed")
    public static let sittingBegan = Kind("sitting.began")
    public static let sittingEnded = Kind("sitting.ended")
    public static let participantJoined = Kind("participant.joined")
    public static let participantWaiting = Kind("participant.waiting")
    public static let participantAdmitted = Kind("participant.admitted")
    public static let participantHeld = Kind("participant.held")
    public static let participantChecked = Kind("participant.checked")
    public static let participantSuspended = Kind("participant.suspended")
    public static let participantResumed = Kind("participant.resumed")
    public static let participantRemoved = Kind("participant.removed")
    public static let participantLeft = Kind("participant.left")
    public static let consentGiven = Kind("consent.given")
    public static let consentRefused = Kind("consent.refused")
    public static let consentWithdrawn = Kind("consent.withdrawn")
    public static let asideBegan = Kind("aside.began")
    public static let asideEnded = Kind("aside.ended")
    public static let chatSent = Kind("chat.sent")
    public static let fileShared = Kind("file.shared")
    public static let fileFetched = Kind("file.fetched")
    public static let imageBegan = Kind("image.began")
    public static let imageEnded = Kind("image.ended")
    public static let renditionBegan = Kind("rendition.began")
    public static let renditionEnded = Kind("rendition.ended")
    public static let loudnessBegan = Kind("loudness.began")
    public static let loudnessEnded = Kind("loudness.ended")
    public static let mixBegan = Kind("mix.began")
    public static let mixEnded = Kind("mix.ended")
    public static let bridgeBegan = Kind("bridge.began")
    public static let bridgePaused = Kind("bridge.paused")
    public static let bridgeResumed = Kind("bridge.resumed")
    public static let bridgeEnded = Kind("bridge.ended")
    public static let recordingBegan = Kind("recording.began")
    public static let recordingPaused = Kind("recording.paused")
    public static let recordingResumed = Kind("recording.resumed")
    public static let recordingEnded = Kind("recording.ended")
    public static let recordingKept = Kind("recording.kept")
    public static let satisfactionGiven = Kind("satisfaction.given")
    public static let chargeTaken = Kind("charge.taken")
    public static let chargeOffered = Kind("charge.offered")
    public static let trackPublished = Kind("track.published")
    public static let trackMuted = Kind("track.muted")
    public static let trackUnmuted = Kind("track.unmuted")
    public static let trackPrioritized = Kind("track.prioritized")
    public static let trackUnpublished = Kind("track.unpublished")
    public static let webhooksReplayed = Kind("webhooks.replayed")
    public static let recordRead = Kind("record.read")
    public static let recordErased = Kind("record.erased")
    public static let recordsPurged = Kind("records.purged")
    public static let recordsClosed = Kind("records.closed")
    public static let recordsRestored = Kind("records.restored")
    public static let tokenIssued = Kind("token.issued")
    public static let thirdInvited = Kind("third.invited")
    public static let tokenRefused = Kind("token.refused")
    public static let invitationSpent = Kind("token.spent")
  }

  public var kind: Kind
  public var session: ConsultationID?
  public var participant: ParticipantID?
  public var details: [String: CanonicalJSON]
  /// Its number among what the records had to tell (`AuditOutbox`): by it a start after a crash knows it again.
  var change: Int64?

  public init(
    _ kind: Kind, session: ConsultationID? = nil, participant: ParticipantID? = nil,
    details: [String: CanonicalJSON] = [:]
  ) {
    self.kind = kind
    self.session = session
    self.participant = participant
    self.details = details
  }

  /// One line of the log.
  /// - Parameter previous: the leaf hash of the session's entry before, so that a session can be
  ///   followed by itself.
  func entry(sequence: Int, previous: MerkleHash?, at now: WallClock) -> CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "v": .integer(1), "seq": .integer(Int64(sequence)), "at": .string(now.description),
      "type": .string(kind.rawValue),
    ]
    if let session { members["session"] = .string(session.rawValue) }
    if let previous { members["prev"] = .string(previous.base64) }
    if let change { members["change"] = .integer(change) }
    if let participant { members["participant"] = .string(participant.rawValue) }
    if !details.isEmpty { members["data"] = .object(details) }
    return .object(members)
  }
}

extension AuditEvent {
  /// What the record store is told, as events.
  init?(_ effect: RoomEffect, of session: ConsultationID) {
    switch effect {
    case .sittingBegan: self.init(.sittingBegan, session: session)
    case .sittingEnded(let reason):
      self.init(.sittingEnded, session: session, details: ["reason": .string(reason.rawValue)])
    case .joined(let participant):
      self.init(
        .participantJoined, session: session, participant: participant.id,
        details: ["role": .string(participant.role.rawValue)])
    case .waiting(let participant):
      self.init(.participantWaiting, session: session, participant: participant)
    case .admitted(let participant, let actor):
      self.init(
        .participantAdmitted, session: session, participant: participant.id,
        details: ["by": .string(actor.rawValue)])
    case .held(let participant, let actor):
      self.init(
        .participantHeld, session: session, participant: participant.id,
        details: ["by": .string(actor.rawValue)])
    case .checked(let participant, let check):
      self.init(
        .participantChecked, session: session, participant: participant,
        details: CanonicalJSON.members(check))
    // Said by `left`, which follows.
    case .waitingEnded: return nil
    case .consented(let entry):
      let kind: Kind =
        switch entry.decision {
        case .given: .consentGiven
        case .refused: .consentRefused
        case .withdrawn: .consentWithdrawn
        }
      var details: [String: CanonicalJSON] = [
        "purpose": .string(entry.question.purpose.rawValue), "version": .string(entry.version),
        "language": .string(entry.language),
      ]
      if let about = entry.question.about { details["about"] = .string(about.rawValue) }
      self.init(
        kind, session: session, participant: entry.question.participant, details: details)
    case .asideBegan(let actor):
      self.init(.asideBegan, session: session, participant: actor)
    case .asideEnded(let actor):
      self.init(.asideEnded, session: session, participant: actor)
    // That something was said and to whom, never what.
    case .wrote(let participant, let recipients):
      self.init(
        .chatSent, session: session, participant: participant,
        details: ["to": .array(recipients.map { .string($0.rawValue) })])
    case .shared(let file):
      var details: [String: CanonicalJSON] = [
        "file": .string(file.id.rawValue), "type": .string(file.type.mediaType),
        "size": .integer(Int64(file.size)), "sha256": .string(file.sha256),
        "to": .array(file.recipients.map { .string($0.rawValue) }),
        "aside": .boolean(file.isAside),
      ]
      if let handover = file.handover {
        details["keptUntil"] = .string(handover.until.description)
      }
      self.init(.fileShared, session: session, participant: file.owner, details: details)
    case .fetched(let participant, let file):
      self.init(
        .fileFetched, session: session, participant: participant,
        details: ["file": .string(file.rawValue)])
    case .captureBegan(let capture):
      self.init(
        .imageBegan, session: session, participant: capture.actor,
        details: [
          "of": .string(capture.subject.rawValue), "track": .string(capture.track.description),
        ])
    case .captureEnded(let capture, let file):
      var details: [String: CanonicalJSON] = [
        "of": .string(capture.subject.rawValue), "track": .string(capture.track.description),
      ]
      if let file { details["file"] = .string(file.rawValue) }
      self.init(.imageEnded, session: session, participant: capture.actor, details: details)
    case .renditionBegan(let rendition):
      self.init(
        .renditionBegan, session: session, participant: rendition.subject,
        details: ["track": .string(rendition.track.description)])
    case .renditionEnded(let rendition):
      self.init(
        .renditionEnded, session: session, participant: rendition.subject,
        details: ["track": .string(rendition.track.description)])
    case .measurementBegan(let measurement):
      self.init(
        .loudnessBegan, session: session, participant: measurement.subject,
        details: ["track": .string(measurement.track.description)])
    case .measurementEnded(let measurement):
      self.init(
        .loudnessEnded, session: session, participant: measurement.subject,
        details: ["track": .string(measurement.track.description)])
    case .mixBegan(let mix):
      self.init(
        .mixBegan, session: session, participant: mix.listener,
        details: ["of": .array(mix.voices.map { .string($0.subject.rawValue) })])
    case .mixEnded(let mix):
      self.init(
        .mixEnded, session: session, participant: mix.listener,
        details: ["of": .array(mix.voices.map { .string($0.subject.rawValue) })])
    case .bridgeBegan(let participant, let bridge):
      self.init(
        .bridgeBegan, session: session, participant: participant,
        details: [
          "direction": .string(bridge.direction.rawValue),
          "transport": .string(bridge.isEncrypted ? "srtp" : "rtp"),
        ])
    case .bridgesPaused: self.init(.bridgePaused, session: session)
    case .bridgesResumed: self.init(.bridgeResumed, session: session)
    case .bridgeEnded(let participant, let end):
      self.init(
        .bridgeEnded, session: session, participant: participant,
        details: ["reason": .string(end.rawValue)])
    case .recordingBegan(let actor):
      self.init(.recordingBegan, session: session, participant: actor)
    case .recordingPaused: self.init(.recordingPaused, session: session)
    case .recordingResumed: self.init(.recordingResumed, session: session)
    case .recordingEnded(let reason, let actor):
      self.init(
        .recordingEnded, session: session, participant: actor,
        details: ["reason": .string(reason.rawValue)])
    case .chargeTaken(let participant, let former, let reason):
      var details: [String: CanonicalJSON] = ["reason": .string(reason.rawValue)]
      if let former { details["from"] = .string(former.rawValue) }
      self.init(.chargeTaken, session: session, participant: participant, details: details)
    case .chargeOffered(let participant):
      self.init(.chargeOffered, session: session, participant: participant)
    case .suspended(let participant, _):
      self.init(.participantSuspended, session: session, participant: participant)
    case .resumed(let participant):
      self.init(.participantResumed, session: session, participant: participant)
    case .removed(let participant, let removal):
      var details: [String: CanonicalJSON] = [
        "role": .string(removal.role.rawValue), "banned": .boolean(removal.banned != nil),
      ]
      if let actor = removal.actor { details["by"] = .string(actor.rawValue) }
      self.init(
        .participantRemoved, session: session, participant: participant, details: details)
    case .left(let participant, let reason):
      self.init(
        .participantLeft, session: session, participant: participant,
        details: ["reason": .string(reason.rawValue)])
    case .published(let participant, let publication):
      self.init(
        .trackPublished, session: session, participant: participant,
        details: [
          "track": .string(publication.track.description),
          "source": .string(publication.source.rawValue), "muted": .boolean(publication.muted),
        ].merging(publication.isEncrypted ? ["encrypted": .boolean(true)] : [:]) { $1 })
    case .muted(let participant, let track, let isMuted):
      self.init(
        isMuted ? .trackMuted : .trackUnmuted, session: session, participant: participant,
        details: ["track": .string(track.description)])
    case .prioritized(let participant, let track, let priority):
      self.init(
        .trackPrioritized, session: session, participant: participant,
        details: [
          "track": .string(track.description), "priority": .string(priority.rawValue),
        ])
    case .unpublished(let participant, let track, let source):
      self.init(
        .trackUnpublished, session: session, participant: participant,
        details: [
          "track": .string(track.description), "source": .string(source.rawValue),
        ])
    case .stateChanged(.ended): return nil
    case .stateChanged(let state):
      self.init(.roomState, session: session, details: ["state": .string(state.rawValue)])
    case .ended(let reason):
      self.init(.roomClosed, session: session, details: ["reason": .string(reason.rawValue)])
    }
  }
}
