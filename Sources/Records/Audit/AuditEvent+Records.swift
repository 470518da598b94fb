internal import Consultation

/// What changes of the records say in the log, besides the effects of rooms.
extension AuditEvent {
  static func created(_ consultation: ConsultationRecord) -> AuditEvent {
    var details: [String: CanonicalJSON] = [
      "kind": .string(consultation.kind.rawValue), "act": .boolean(consultation.countsAsAct),
      "waitingRoom": .boolean(consultation.hasWaitingRoom),
    ]
    if !consultation.consents.isEmpty {
      details["consents"] = .array(consultation.consents.map(CanonicalJSON.init))
    }
    return AuditEvent(.roomCreated, session: consultation.id, details: details)
  }

  /// What was open and is closed for another reason than that everyone left: who left is named in the entries of
  /// each consultation.
  static func closed(_ closed: RecordWrites.Closed, reason: LeaveReason) -> [AuditEvent] {
    let why: [String: CanonicalJSON] = ["reason": .string(reason.rawValue)]
    let end: RecordingEnd =
      switch reason {
      case .serverCrash: .restart
      case .serverShutdown: .interrupted
      default: .consultation
      }
    return closed.recordings.compactMap {
      AuditEvent(RoomEffect.recordingEnded(end, by: nil), of: $0)
    }
      + closed.presences.map {
        AuditEvent(
          .participantLeft, session: $0.consultation, participant: $0.participant, details: why)
      } + closed.sittings.map { AuditEvent(.sittingEnded, session: $0, details: why) }
  }

  static func recordsClosed(_ closed: RecordWrites.Closed, reason: LeaveReason) -> [AuditEvent] {
    guard !closed.presences.isEmpty else { return [] }
    let details: [String: CanonicalJSON] = [
      "presences": .integer(Int64(closed.presences.count)), "reason": .string(reason.rawValue),
    ]
    return [AuditEvent(.recordsClosed, details: details)]
  }

  /// No session's entry: it may come after the last one of the consultation, which ends its chain.
  static func satisfied(_ satisfaction: Satisfaction, _ id: ConsultationID) -> AuditEvent {
    AuditEvent(
      .satisfactionGiven,
      details: [
        "consultation": .string(id.rawValue), "role": .string(satisfaction.role.rawValue),
        "score": .integer(Int64(satisfaction.score)),
      ])
  }

  /// What became of a recording.
  static func kept(_ recording: FileRecord, isWhole: Bool) -> AuditEvent {
    var details: [String: CanonicalJSON] = [
      "file": .string(recording.id.rawValue), "type": .string(recording.type.mediaType),
      "size": .integer(Int64(recording.size)), "sha256": .string(recording.sha256),
      "whole": .boolean(isWhole),
    ]
    if let until = recording.keptUntil { details["keptUntil"] = .string(until.description) }
    return AuditEvent(
      .recordingKept, session: recording.consultation, participant: recording.owner,
      details: details)
  }

  /// No session's entry, as a reading is none: what proves the consultation stays as it was.
  static func erased(_ id: ConsultationID, by eraser: RecordReading, isNew: Bool) -> AuditEvent {
    AuditEvent(
      .recordErased,
      details: [
        "consultation": .string(id.rawValue), "role": .string(eraser.role.rawValue),
        "by": .string(eraser.reader.rawValue), "first": .boolean(isNew),
      ])
  }

  static func purged(_ purged: Purged) -> AuditEvent {
    AuditEvent(
      .recordsPurged,
      details: [
        "category": .string(purged.category.rawValue), "before": .string(purged.before.description),
        "count": .integer(Int64(purged.count)), "sha256": .string(purged.digest),
      ])
  }

  static func replayed(from first: Int64, count: Int) -> AuditEvent {
    AuditEvent(
      .webhooksReplayed, details: ["from": .integer(first), "events": .integer(Int64(count))])
  }

  /// The number of a token says nothing of its bearer, but whoever reads the log needs no token.
  static func spent(isFirst: Bool) -> AuditEvent {
    AuditEvent(.invitationSpent, details: ["first": .boolean(isFirst)])
  }

  /// No session's entry: the consultation may end at the same moment.
  static func invited(_ invitation: IssuedInvitation) -> AuditEvent {
    let role = invitation.role
    return AuditEvent(
      role == .patient || role == .physician ? .tokenIssued : .thirdInvited,
      details: [
        "consultation": .string(invitation.consultation.rawValue), "role": .string(role.rawValue),
        "by": .string(invitation.bearer.rawValue), "inviter": .string(invitation.inviter.rawValue),
        "expires": .string(invitation.expires.description),
        "once": .boolean(invitation.isSingleUse),
      ])
  }

  /// No session's entries, since who is refused is in none.
  static func refused(_ refused: RefusedTokens) -> AuditEvent {
    var details: [String: CanonicalJSON] = [
      "reason": .string(refused.reason), "count": .integer(Int64(refused.count)),
    ]
    if let consultation = refused.consultation {
      details["consultation"] = .string(consultation.rawValue)
    }
    return AuditEvent(.tokenRefused, details: details)
  }

  /// No session's entry: reading is not part of what happened in the consultation.
  static func read(_ reading: RecordReading) -> AuditEvent {
    var details: [String: CanonicalJSON] = [
      "role": .string(reading.role.rawValue), "reader": .string(reading.reader.rawValue),
      "category": .string(reading.category), "purpose": .string(reading.purpose),
    ]
    if let id = reading.consultation { details["consultation"] = .string(id.rawValue) }
    if let origin = reading.origin { details["origin"] = .string(origin) }
    return AuditEvent(.recordRead, details: details)
  }
}
