internal import Consultation
internal import Quality

/// Where a trouble is, in words, with no name in them.
enum FaultSentence {
  /// As `patient's uplink: 8 % loss`.
  static func words(
    _ incident: Incident, of role: ParticipantRole, in language: FaultLanguage
  ) -> String {
    FaultLocator.words(incident, of: role.word(in: language), in: language)
  }

  /// As `14:03-14:09 UTC, patient's uplink: 8 % loss`; of what goes on, since when.
  static func timed(
    _ logged: ConsultationWatch.LoggedIncident, in language: FaultLanguage, wallClock: InstantToWall
  ) -> String {
    let began = wallClock(logged.incident.began).timeOfDay
    let span =
      switch (logged.incident.ended.map { wallClock($0).timeOfDay }, language) {
      case (let ended?, _): ended == began ? String(began) : "\(began)-\(ended)"
      case (nil, .english): "since \(began)"
      case (nil, .french): "depuis \(began)"
      }
    return "\(span) UTC, \(words(logged.incident, of: logged.role, in: language))"
  }
}

extension WallClock {
  /// Hours and minutes of UTC, as `14:03`.
  fileprivate var timeOfDay: Substring { description.dropFirst(11).prefix(5) }
}

extension ParticipantRole {
  fileprivate func word(in language: FaultLanguage) -> String {
    switch language {
    case .english: rawValue
    case .french:
      switch self {
      case .patient: "patient"
      case .physician: "médecin"
      case .interpreter: "interprète"
      case .relative: "proche"
      case .expert: "expert"
      case .assistant: "assistant"
      case .observer: "observateur"
      case .ops: "exploitation"
      case .backend: "service"
      case .loadtest: "test"
      }
    }
  }
}
