/// Who may send what to whom. What no line of this file allows is refused (deny by default).
public enum MediaMatrix {
  /// How near two participants of a consultation are to each other.
  public enum Stage: String, Hashable, Sendable, CaseIterable {
    /// One of them was not let in yet.
    case waiting
    /// One of them was inside and waits again, or there is an aside that one of them has no part in.
    case onHold
    /// Both are inside.
    case inAct
    /// The consultation has ended.
    case over
  }

  /// Whether media of `source` may go from someone of one role to someone of another.
  public static func allows(
    _ source: MediaSource, from sender: ParticipantRole, to receiver: ParticipantRole,
    _ stage: Stage
  ) -> Bool {
    stage == .inAct && sends(sender, source) && reaches(sender, receiver)
  }

  /// Whether chat and files may go from someone of one role to someone of another: where sound may.
  public static func allowsWords(
    from sender: ParticipantRole, to receiver: ParticipantRole, _ stage: Stage
  ) -> Bool {
    allows(.microphone, from: sender, to: receiver, stage)
  }

  /// Whether anyone at all may receive this source from someone of this role.
  public static func maySend(_ role: ParticipantRole, _ source: MediaSource) -> Bool {
    ParticipantRole.allCases.contains { allows(source, from: role, to: $0, .inAct) }
  }

  /// A screen is shown by those whom the act is about.
  private static func sends(_ sender: ParticipantRole, _ source: MediaSource) -> Bool {
    switch (sender, source) {
    case (.patient, .microphone), (.patient, .camera), (.patient, .screen): true
    case (.physician, .microphone), (.physician, .camera), (.physician, .screen): true
    case (.expert, .microphone), (.expert, .camera), (.expert, .screen): true
    // What an instrument in the assistant's hand shows comes as a screen.
    case (.assistant, .microphone), (.assistant, .camera), (.assistant, .screen): true
    case (.interpreter, .microphone), (.interpreter, .camera): true
    case (.relative, .microphone), (.relative, .camera): true
    case (.loadtest, .microphone), (.loadtest, .camera), (.loadtest, .screen): true
    default: false
    }
  }

  /// One patient never sees or hears another one, whoever let both in; load generators and people do
  /// not meet.
  private static func reaches(_ sender: ParticipantRole, _ receiver: ParticipantRole) -> Bool {
    switch (sender, receiver) {
    case (.patient, .physician), (.patient, .interpreter), (.patient, .relative),
      (.patient, .expert), (.patient, .observer):
      true
    case (.patient, .assistant), (.physician, .assistant), (.interpreter, .assistant),
      (.relative, .assistant), (.expert, .assistant), (.assistant, .assistant):
      true
    case (.assistant, .patient), (.assistant, .physician), (.assistant, .interpreter),
      (.assistant, .relative), (.assistant, .expert), (.assistant, .observer):
      true
    case (.physician, .patient), (.interpreter, .patient), (.relative, .patient),
      (.expert, .patient):
      true
    case (.physician, .physician), (.physician, .interpreter), (.physician, .relative),
      (.physician, .expert), (.physician, .observer):
      true
    case (.interpreter, .physician), (.interpreter, .interpreter), (.interpreter, .relative),
      (.interpreter, .expert), (.interpreter, .observer):
      true
    case (.relative, .physician), (.relative, .interpreter), (.relative, .relative),
      (.relative, .expert), (.relative, .observer):
      true
    case (.expert, .physician), (.expert, .interpreter), (.expert, .relative),
      (.expert, .expert), (.expert, .observer):
      true
    case (.loadtest, .loadtest): true
    default: false
    }
  }
}
