internal import Synchronization
internal import Transport
internal import Wire

/// A participant over the server's own WebSocket protocol: one connection for all tracks, offered
/// again whenever the tracks of the others change.
actor RoomParticipant {
  let endpoint: EndpointID
  private let settings: ParticipantSettings
  private let url: ServerURL
  private let consultation: String
  private let publishes: Bool
  private let cohort: Int
  private var sections: OfferedSections
  private var tags: [String: UInt32] = [:]
  private var socket: WebSocketConnection?
  private var reader: Task<Void, Never>?
  private var ownID: String?
  private(set) var resumeToken: String?
  /// The steps that it was told of pictures on narrow paths.
  private(set) var adaptations: [String] = []
  /// Publications of the others that are, or should be, received: kind by id.
  private var wanted: [String: Bool] = [:]
  private var isOffering = false
  private var needsOffer = false
  private var isConnected = false
  private var isLeaving = false
  private var joining: CheckedContinuation<Void, any Error>?

  /// - Parameters:
  ///   - url: of `/v1/signal`.
  ///   - publishes: sends audio and video; everyone receives all others.
  init(
    _ settings: ParticipantSettings, url: ServerURL, consultation: String, publishes: Bool,
    cohort: Int
  ) {
    self.settings = settings
    self.url = url
    self.consultation = consultation
    self.publishes = publishes
    self.cohort = cohort
    endpoint = settings.numbers.endpoint()
    var secret = SecretRandom()
    sections = OfferedSections(
      local: ICECredentials.random(from: &secret), fingerprint: settings.generator.fingerprint,
      seed: settings.numbers.seed(), repairsSound: settings.repairsSound)
    guard publishes else { return }
    if settings.hasAudio { sections.use(.send(source: "microphone"), isVideo: false) }
    if settings.hasVideo { sections.use(.send(source: "camera"), isVideo: true) }
    for section in sections.sections { tags[section.mid] = settings.numbers.tag() }
  }

  /// Joins, and returns when its media may flow.
  /// - Parameter expectsMedia: whether others of the room are sending already.
  func join(expectsMedia: Bool) async throws {
    await settings.journal.began(
      endpoint, at: MonotonicClock.now(), expectsMedia: expectsMedia)
    do {
      try await connect(
        ClientWord(type: "join", v: 1, token: settings.token, consultation: consultation))
      guard await settings.journal.connected(endpoint) else {
        throw ServerComplaint("the media connection failed")
      }
    } catch {
      await settings.journal.failed(endpoint, "\(error)")
      throw error
    }
  }

  private func connect(_ join: ClientWord) async throws {
    let socket = try await WebSocketConnection.open(url, settings.client)
    self.socket = socket
    reader = Task { await self.read(socket) }
    let timeout = Task {
      try await Task.sleep(for: .seconds(15))
      self.finishJoining(ServerComplaint("no answer to the offer within 15 s"))
    }
    defer { timeout.cancel() }
    try await socket.send(join.text)
    try await withCheckedThrowingContinuation { joining = $0 }
  }

  private func finishJoining(_ error: (any Error)? = nil) {
    guard let waiting = joining else { return }
    joining = nil
    if let error { waiting.resume(throwing: error) } else { waiting.resume() }
  }

  private func read(_ socket: WebSocketConnection) async {
    for await incoming in socket.incoming {
      guard socket === self.socket else { return }
      switch incoming {
      case .text(let text):
        do {
          try await take(try ServerWord(text))
        } catch {
          finishJoining(error)
          await settings.journal.failed(endpoint, "\(error)")
        }
      case .closed(let end):
        let reason = "the WebSocket ended: \(end)"
        finishJoining(ServerComplaint(reason))
        if !isLeaving { await settings.journal.failed(endpoint, reason) }
      }
    }
  }

  private func take(_ word: ServerWord) async throws {
    switch word.type {
    case "joined":
      ownID = word.participant?.id
      resumeToken = word.resume?.token
      let others = (word.roster ?? []).filter { $0.id != ownID }.flatMap { $0.publications ?? [] }
      let before = wanted
      for id in before.keys where !others.contains(where: { $0.id == id }) {
        wanted[id] = nil
        sections.release(publication: id)
      }
      for publication in others { want(publication) }
      if isConnected {
        // It came back: media never stopped, there is only what changed meanwhile.
        finishJoining()
        if wanted == before { return }
      }
      try await offer()
    case "answer":
      guard let sdp = word.sdp else { throw ServerComplaint("an answer without SDP") }
      try await apply(sdp)
    case "published":
      guard word.participant?.id != ownID, case .publication(let publication)? = word.publication
      else { return }
      want(publication)
      if word.more != true { try await offer() }
    case "participant-joined":
      guard case .member(let member)? = word.participant, member.id != ownID else { return }
      for publication in member.publications ?? [] { want(publication) }
      if !(member.publications ?? []).isEmpty { try await offer() }
    case "unpublished":
      guard let id = word.publication?.id, wanted.removeValue(forKey: id) != nil else { return }
      sections.release(publication: id)
      try await offer()
    case "adapted":
      if let step = word.step { adaptations.append(step) }
    case "encoding":
      // Pictures are limited by REMB.
      if settings.repairsSound, let rate = word.maxBitrate {
        settings.generator.send(.limitSound(endpoint, bitsPerSecond: rate))
      }
    case "error":
      throw ServerComplaint(
        "the server answered \(word.code ?? "an error"): \(word.message ?? "")")
    case "removed", "ended":
      if !isLeaving { throw ServerComplaint("\(word.type): \(word.reason ?? "")") }
    default: break
    }
  }

  private func want(_ publication: ServerWord.Publication) {
    guard wanted[publication.id] == nil else { return }
    let isVideo = publication.kind == "video"
    guard isVideo ? settings.hasVideo : settings.hasAudio else { return }
    wanted[publication.id] = isVideo
    sections.use(.receive(publication: publication.id), isVideo: isVideo)
  }

  /// Offers what is wanted now; while an answer is awaited, once more afterwards.
  private func offer() async throws {
    guard !isLeaving, !sections.sections.isEmpty else {
      // A viewer of an empty room has nothing to offer yet.
      finishJoining()
      return
    }
    guard !isOffering else {
      needsOffer = true
      return
    }
    isOffering = true
    let tracks = sections.sections.compactMap { section -> ClientWord.Track? in
      switch section.use {
      case .send(let source):
        ClientWord.Track(mid: section.mid, publish: ClientWord.Publish(source: source))
      case .receive(let publication):
        ClientWord.Track(mid: section.mid, subscribe: publication)
      case .idle: nil
      }
    }
    try await socket?.send(
      ClientWord(type: "offer", sdp: sections.offer(), tracks: tracks).text)
  }

  private func apply(_ sdp: String) async throws {
    isOffering = false
    let answer = try AnswerReading(
      sdp, to: sections, preferred: settings.serverAddress,
      content: { settings.content(isVideo: $0) }, tag: { tags[$0] ?? 0 })
    if isConnected {
      settings.generator.send(.setInbound(endpoint, answer.inbound))
    } else {
      isConnected = true
      await settings.journal.signaled(endpoint, at: MonotonicClock.now())
      settings.generator.send(
        .add(
          EndpointPlan(
            id: endpoint, cohort: cohort, local: sections.local, remote: answer.remote,
            fingerprints: answer.fingerprints, candidates: answer.candidates,
            extensions: answer.extensions, outbound: answer.outbound, inbound: answer.inbound)))
      finishJoining()
    }
    if needsOffer {
      needsOffer = false
      try await offer()
    }
  }

  // MARK: Ways to go

  func leave() async {
    isLeaving = true
    await settings.journal.departing(endpoint)
    try? await socket?.send(ClientWord(type: "leave").text)
    settings.generator.send(.remove(endpoint, gracefully: true))
    await socket?.close()
    reader?.cancel()
  }

  /// The browser is gone: nothing more is sent.
  func crash() async {
    isLeaving = true
    await settings.journal.departing(endpoint)
    settings.generator.send(.remove(endpoint, gracefully: false))
    socket?.drop()
    reader?.cancel()
  }

  /// Loses the WebSocket and comes back with the resume token; media goes on meanwhile.
  func reconnect() async throws {
    guard let token = resumeToken else { throw ServerComplaint("there is no resume token") }
    let old = socket
    socket = nil
    old?.drop()
    reader?.cancel()
    isOffering = false
    try await connect(
      ClientWord(type: "join", v: 1, resume: token))
  }
}
