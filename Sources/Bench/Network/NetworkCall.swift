/// The people of a scenario in one consultation: everyone sends sound and picture and receives those
/// of all others.
actor NetworkCall {
  private enum Member {
    case signaled(RoomParticipant)
    case standalone(MediaSession)
  }

  private let session: LoadSession
  private let settings: ParticipantSettings
  private let consultation: String
  private var members: [Member] = []

  init(_ session: LoadSession, _ settings: ParticipantSettings, name: String) {
    self.session = session
    self.settings = settings
    consultation = session.consultation(name)
  }

  /// One after the other; returns when the media of all may flow.
  func join(_ people: Int) async throws {
    if session.server.usesWHIP {
      try await joinStandalone(people)
    } else {
      let url = try session.server.url().with(target: "/v1/signal")
      for person in 0..<people {
        let member = RoomParticipant(
          settings, url: url, consultation: consultation, publishes: true, cohort: person)
        members.append(.signaled(member))
        try await member.join(expectsMedia: person > 0)
      }
    }
  }

  private func joinStandalone(_ people: Int) async throws {
    let templates = try session.templates()
    let names = (0..<people).map { "p\($0 + 1)" }
    for (person, name) in names.enumerated() {
      let url = try templates.url(
        templates.publish, ["room": consultation, "participant": name])
      try await add(MediaSession(settings, url: url, publishes: true, cohort: person))
    }
    for (person, name) in names.enumerated() {
      for other in names where other != name {
        let url = try templates.url(
          templates.play,
          ["room": consultation, "publisher": other, "participant": name])
        try await add(MediaSession(settings, url: url, publishes: false, cohort: person))
      }
    }
  }

  private func add(_ session: MediaSession) async throws {
    members.append(.standalone(session))
    try await session.join(expectsMedia: false)
  }

  /// The steps that each person was told of pictures that are given up; `nil` without our signaling.
  func told() async -> [[String]]? {
    var told: [[String]] = []
    for case .signaled(let member) in members { told.append(await member.adaptations) }
    return told.isEmpty ? nil : told
  }

  func leave() async {
    for member in members.reversed() {
      switch member {
      case .signaled(let participant): await participant.leave()
      case .standalone(let session): await session.leave()
      }
    }
    members = []
  }
}
