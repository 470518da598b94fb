/// What somebody agrees to, or does not. Each purpose is asked by itself.
public enum ConsentPurpose: String, Codable, Hashable, Sendable, CaseIterable {
  /// The consultation at a distance itself.
  case act
  /// That somebody who is neither patient nor physician takes part; asked for each of them.
  case thirdParticipant = "third-participant"
  /// That a still picture is taken and kept.
  case imageCapture = "image-capture"
  /// That sound or picture is recorded. Everyone is asked.
  case recording
  /// That somebody takes part by telephone, or a program that hears. Everyone is asked.
  case bridge

  /// Whose consent it takes.
  public func isAsked(of role: ParticipantRole) -> Bool {
    switch self {
    case .act, .thirdParticipant, .imageCapture: role == .patient
    case .recording, .bridge: role.allows(.subscribe)
    }
  }
}

extension ParticipantRole {
  /// Takes part besides those whom the act is between.
  public var isThird: Bool {
    switch self {
    case .interpreter, .relative, .expert, .observer: true
    case .patient, .physician, .ops, .backend, .loadtest: false
    // The act is what it is by the assistant: who agrees to it agrees to that.
    case .assistant: false
    }
  }
}
