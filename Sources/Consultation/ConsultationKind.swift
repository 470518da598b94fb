/// The kind of act.
public enum ConsultationKind: String, Codable, Hashable, Sendable, CaseIterable {
  /// A physician and a patient, each alone with a device.
  case direct
  /// A professional is beside the patient and examines as the physician asks.
  case assisted
  /// A physician asks an expert about a patient who does not take part.
  case teleExpertise = "tele-expertise"
  /// Without an appointment: whoever calls, the patient or somebody for the patient, and the physician on call.
  case onCall = "on-call"
}

/// What each kind demands and permits. What no line of this file permits is refused (deny by default).
extension ConsultationKind {
  /// Whether someone of this role may take part.
  public func admits(_ role: ParticipantRole) -> Bool {
    switch self {
    case .direct:
      switch role {
      case .patient, .physician, .interpreter, .relative, .expert, .observer, .loadtest: true
      case .assistant, .ops, .backend: false
      }
    case .assisted:
      switch role {
      case .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer: true
      case .ops, .backend, .loadtest: false
      }
    case .teleExpertise:
      switch role {
      case .physician, .expert, .observer: true
      case .patient, .assistant, .interpreter, .relative, .ops, .backend, .loadtest: false
      }
    case .onCall:
      switch role {
      case .patient, .physician, .interpreter, .relative, .expert, .observer: true
      case .assistant, .ops, .backend, .loadtest: false
      }
    }
  }

  /// On which side of the act a role is: the act is what passes between the two. `nil`: on none, as a third
  /// participant or because the role takes no part.
  public func side(of role: ParticipantRole) -> ActSide? {
    switch (self, role) {
    case (.direct, .physician), (.assisted, .physician), (.onCall, .physician),
      (.teleExpertise, .expert):
      .performing
    case (.direct, .patient), (.assisted, .patient), (.assisted, .assistant), (.onCall, .patient),
      (.onCall, .relative), (.teleExpertise, .physician):
      .asking
    default: nil
    }
  }

  /// Who has to be there for the act to count, besides the two sides.
  public var demanded: ParticipantRole? { self == .assisted ? .assistant : nil }

  /// Whether the purpose can be asked for: of nobody where no patient takes part.
  public func asks(_ purpose: ConsentPurpose) -> Bool {
    self != .teleExpertise || !purpose.isAsked(of: .patient) || purpose.isAsked(of: .physician)
  }

  /// Whether there is a time to come at. Who is on call is called at any time.
  public var hasAppointment: Bool { self != .onCall }
}

public enum ActSide: Hashable, Sendable {
  case asking, performing
}
