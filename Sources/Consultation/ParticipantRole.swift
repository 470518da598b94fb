/// What someone is in a consultation. Every permission is a line of this file; what is not allowed
/// here is refused (deny by default).
public enum ParticipantRole: String, Codable, Hashable, Sendable, CaseIterable {
  case patient, physician, interpreter, relative, expert
  /// The professional beside the patient in an assisted consultation.
  case assistant
  /// Sees and hears, is on everyone's roster, never sends.
  case observer
  /// Watches the server: counts and states, no media, no names.
  case ops
  /// The program that books consultations.
  case backend
  /// A load generator, in `bench-` consultations only.
  case loadtest

  /// Whether the role may be in the roster of this consultation at all.
  public func mayJoin(_ consultation: ConsultationID) -> Bool {
    switch self {
    case .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer: true
    case .loadtest: consultation.isLoadTest
    case .ops, .backend: false
    }
  }

  public func allows(_ action: ConsultationAction) -> Bool {
    switch self {
    case .patient, .assistant, .interpreter, .relative, .loadtest:
      [.publish, .subscribe].contains(action)
    case .expert: [.publish, .subscribe, .joinAside].contains(action)
    case .physician:
      [.publish, .subscribe, .endConsultation, .removeOthers, .invite, .admit, .joinAside]
        .contains(action) || [.beginAside, .takeCharge, .captureImages, .record].contains(action)
    case .observer: action == .subscribe
    case .ops: action == .watchServer
    case .backend:
      [.createConsultation, .readConsultation, .endConsultation, .removeOthers, .invite]
        .contains(action) || [.watchServer, .bridge].contains(action)
    }
  }
}

/// What a role may be allowed to do; see `ParticipantRole.allows`.
public enum ConsultationAction: String, Hashable, Sendable, CaseIterable {
  case publish, subscribe
  case endConsultation, removeOthers, invite
  /// Knowing who is in the waiting room, letting in and putting back; and never waiting oneself.
  case admit
  /// Taking part in a private aside; beginning and ending it.
  case joinAside, beginAside
  /// Being in charge of a consultation, and handing it over.
  case takeCharge
  /// Taking still images of the patient.
  case captureImages
  /// Having picture and sound recorded.
  case record
  /// Having somebody take part by telephone, or a program that hears.
  case bridge
  case createConsultation, readConsultation
  /// Lists of consultations and counts, without names.
  case watchServer
}
