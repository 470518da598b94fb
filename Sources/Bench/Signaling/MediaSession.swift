internal import NIOHTTP1
internal import Transport
internal import Wire

/// One WHIP (RFC 9725) or WHEP session: a media connection of its own for one direction.
actor MediaSession {
  let endpoint: EndpointID
  private let settings: ParticipantSettings
  private let url: ServerURL
  private let cohort: Int
  private var sections: OfferedSections
  private var tags: [String: UInt32] = [:]
  private var location: ServerURL?

  /// - Parameter publishes: WHIP, else WHEP.
  init(_ settings: ParticipantSettings, url: ServerURL, publishes: Bool, cohort: Int) {
    self.settings = settings
    self.url = url
    self.cohort = cohort
    endpoint = settings.numbers.endpoint()
    var secret = SecretRandom()
    sections = OfferedSections(
      local: ICECredentials.random(from: &secret), fingerprint: settings.generator.fingerprint,
      seed: settings.numbers.seed(), repairsSound: settings.repairsSound)
    for isVideo in [false, true] where isVideo ? settings.hasVideo : settings.hasAudio {
      sections.use(
        publishes
          ? .send(source: isVideo ? "camera" : "microphone")
          : .receive(publication: isVideo ? "video" : "audio"),
        isVideo: isVideo)
    }
    if publishes {
      for section in sections.sections { tags[section.mid] = settings.numbers.tag() }
    }
  }

  func join(expectsMedia: Bool) async throws {
    await settings.journal.began(endpoint, at: MonotonicClock.now(), expectsMedia: expectsMedia)
    do {
      var headers = authorization
      headers.add(name: "Content-Type", value: "application/sdp")
      headers.add(name: "Accept", value: "application/sdp")
      let response = try await settings.client.request(
        .POST, url, headers: headers, body: sections.offer())
      guard response.status == 201 else {
        throw ServerComplaint(
          "POST \(url) was answered with \(response.status): \(response.body.prefix(200))")
      }
      location = response.headers.first(name: "Location").flatMap { url.resolving($0) }
      let answer = try AnswerReading(
        response.body, to: sections, preferred: settings.serverAddress,
        content: { settings.content(isVideo: $0) }, tag: { tags[$0] ?? 0 })
      await settings.journal.signaled(endpoint, at: MonotonicClock.now())
      settings.generator.send(
        .add(
          EndpointPlan(
            id: endpoint, cohort: cohort, local: sections.local, remote: answer.remote,
            fingerprints: answer.fingerprints, candidates: answer.candidates,
            extensions: answer.extensions, outbound: answer.outbound, inbound: answer.inbound)))
      guard await settings.journal.connected(endpoint) else {
        throw ServerComplaint("the media connection failed")
      }
    } catch {
      await settings.journal.failed(endpoint, "\(error)")
      throw error
    }
  }

  func leave() async {
    await settings.journal.departing(endpoint)
    if let location {
      _ = try? await settings.client.request(.DELETE, location, headers: authorization)
    }
    settings.generator.send(.remove(endpoint, gracefully: true))
  }

  func crash() async {
    await settings.journal.departing(endpoint)
    settings.generator.send(.remove(endpoint, gracefully: false))
  }

  private var authorization: HTTPHeaders {
    settings.token.isEmpty ? [:] : ["Authorization": "Bearer \(settings.token)"]
  }
}
