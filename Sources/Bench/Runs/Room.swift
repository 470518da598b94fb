/// The participants of one consultation, as they come and go.
protocol Room: Actor {
  /// One more joins; returns when its media may flow.
  func join(publishes: Bool) async throws
  /// All leave, and say so.
  func leave() async
  /// The one who came last is gone without a word.
  func crash() async
  /// The one who came first loses the signaling connection and comes back.
  func reconnect() async throws
}

/// Over the WebSocket protocol.
actor SignaledRoom: Room {
  private let settings: ParticipantSettings
  private let url: ServerURL
  private let consultation: String
  private let cohort: Int
  private var members: [RoomParticipant] = []
  private var sending = 0

  init(_ settings: ParticipantSettings, server: ServerURL, consultation: String, cohort: Int) {
    self.settings = settings
    url = server.with(target: "/v1/signal")
    self.consultation = consultation
    self.cohort = cohort
  }

  func join(publishes: Bool) async throws {
    let member = RoomParticipant(
      settings, url: url, consultation: consultation, publishes: publishes, cohort: cohort)
    members.append(member)
    try await member.join(expectsMedia: sending > 0)
    if publishes { sending += 1 }
  }

  func leave() async {
    let leaving = members
    members = []
    for member in leaving { await member.leave() }
  }

  func crash() async { await members.popLast()?.crash() }

  func reconnect() async throws { try await members.first?.reconnect() }
}

/// Over WHIP and WHEP: each participant publishes once and plays each of the others.
actor StandaloneRoom: Room {
  /// URLs with `{room}`, `{participant}` and `{publisher}`.
  struct Templates: Sendable {
    var publish: String
    var play: String

    func url(_ template: String, _ values: [String: String]) throws -> ServerURL {
      var text = template
      for (name, value) in values { text = text.replacing("{\(name)}", with: value) }
      guard let url = ServerURL(text) else {
        throw ServerComplaint("\(text) is not a URL of a server")
      }
      return url
    }
  }

  private let settings: ParticipantSettings
  private let templates: Templates
  private let consultation: String
  private let cohort: Int
  private var sessions: [MediaSession] = []
  private var count = 0
  /// Who sends, and who is there to play it.
  private var publishers: [String] = []
  private var players: [String] = []
  private var played: Set<[String]> = []

  init(_ settings: ParticipantSettings, _ templates: Templates, consultation: String, cohort: Int) {
    self.settings = settings
    self.templates = templates
    self.consultation = consultation
    self.cohort = cohort
  }

  func join(publishes: Bool) async throws {
    count += 1
    let name = "p\(count)"
    players.append(name)
    if publishes {
      let url = try templates.url(
        templates.publish, ["room": consultation, "participant": name])
      let session = MediaSession(settings, url: url, publishes: true, cohort: cohort)
      sessions.append(session)
      try await session.join(expectsMedia: false)
      publishers.append(name)
    }
    // Others may have come meanwhile.
    for publisher in publishers { try await play(publisher, by: name) }
    if publishes {
      for player in players { try await play(name, by: player) }
    }
  }

  private func play(_ publisher: String, by player: String) async throws {
    guard publisher != player, played.insert([publisher, player]).inserted else { return }
    let url = try templates.url(
      templates.play,
      ["room": consultation, "publisher": publisher, "participant": player])
    let session = MediaSession(settings, url: url, publishes: false, cohort: cohort)
    sessions.append(session)
    try await session.join(expectsMedia: true)
  }

  func leave() async {
    let leaving = sessions
    sessions = []
    for session in leaving.reversed() { await session.leave() }
  }

  func crash() async { await sessions.popLast()?.crash() }

  /// There is no signaling connection to lose.
  func reconnect() async throws {}
}
