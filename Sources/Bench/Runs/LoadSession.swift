internal import Foundation
internal import Glibc
internal import NIOHTTP1
internal import Wire

/// What every run needs: a generator, a control plane, the rooms of one server, and eyes on it.
final class LoadSession: Sendable {
  let server: ServerOptions
  let media: MediaOptions
  let progress: ProgressLine
  let client: NetworkClient
  let generator: Generator
  let journal = JoinJournal()
  let settings: ParticipantSettings
  let runID: String

  init(
    _ server: ServerOptions, _ media: MediaOptions, cohorts: Int = 1,
    paths: [PathSchedule] = [], progress: ProgressLine
  ) throws {
    self.server = server
    self.media = media
    self.progress = progress
    client = NetworkClient(verifiesCertificates: !server.insecure)
    generator = try Generator(
      GeneratorSettings(
        impairment: media.impair ?? Impairment(), paths: paths, seed: media.seed,
        cohorts: cohorts))
    settings = ParticipantSettings(
      videoKilobits: media.videoKilobits, framesPerSecond: media.fps,
      audioOctets: media.audioOctets, hasAudio: media.audio, hasVideo: media.video,
      token: try server.readToken(), serverAddress: try server.address(), generator: generator,
      client: client, journal: journal, numbers: RunNumbers(seed: media.seed))
    // Apart from other runs, also of the same seed: the server may still hold the last one.
    runID = String(UInt64.random(in: 0..<1 << 40), radix: 36)
  }

  func room(_ name: String, cohort: Int = 0) throws -> any Room {
    let consultation = consultation(name)
    guard server.usesWHIP else {
      return SignaledRoom(
        settings, server: try server.url(), consultation: consultation, cohort: cohort)
    }
    return StandaloneRoom(
      settings, try templates(), consultation: consultation, cohort: cohort)
  }

  func consultation(_ name: String) -> String { "bench-\(runID)-\(name)" }

  /// Of WHIP and WHEP.
  func templates() throws -> StandaloneRoom.Templates {
    let base = try server.url().with(target: "").description
    return StandaloneRoom.Templates(
      publish: server.whip ?? base + "/whip/{room}?participant={participant}",
      play: server.whep ?? base + "/whep/{room}/{publisher}?participant={participant}")
  }

  func sampleServer() -> ProcessSample? { server.serverPID.flatMap { ProcessSample(pid: $0) } }

  func metrics() async -> MetricsReading? {
    guard let url = try? server.url() else { return nil }
    return await MetricsReading.read(url, token: settings.token, client)
  }

  /// Makes sure that there is a server before thousands of joins fail.
  func preflight() async throws {
    let url = try server.url()
    do {
      _ = try await client.request(.GET, url.with(target: "/"))
    } catch {
      throw ServerComplaint("nobody answers at \(url): \(error)")
    }
  }

  /// Starts the generator; the task that follows its events ends with it.
  func begin() async throws {
    raiseDescriptorLimit()
    try await preflight()
    if let server = server.serverPID, let shared = CPUList.shared(server), shared <= 4 {
      progress.note(
        "the server and the load generator may run on the same of \(shared) CPUs and measure "
          + "each other: pin the server (taskset -c 0 ...) and the load generator (--cpus 1)")
    }
    try generator.start()
    Task { [journal, generator] in await journal.follow(generator.events) }
  }

  func end() async {
    generator.stop()
    await client.shutdown()
  }

  /// The people of a plan join rooms, room after room, each at its time.
  /// - Parameter times: seconds from now, ascending; `nil`: `--ramp` joins a second.
  func join(_ rooms: [any Room], _ plan: LoadPlan, times: [Double]? = nil) async throws {
    let started = ContinuousClock.now
    let each = plan.participants + plan.viewers
    let total = rooms.count * each
    await withTaskGroup { group in
      for number in 0..<total {
        let due = started + .seconds(times?[number] ?? Double(number) / media.ramp)
        do { try await Task.sleep(until: due) } catch { break }
        let room = rooms[number / each]
        let publishes = number % each < plan.participants
        group.addTask { try? await room.join(publishes: publishes) }
        if number % 8 == 0 { await show("joining \(number + 1) of \(total)", left: nil) }
      }
      await group.waitForAll()
    }
    try Task.checkCancellation()
  }

  /// Everyone falls silent; what is on the way may arrive, what is missing may be asked for.
  func drain() async -> GeneratorSnapshot {
    generator.send(.stopSending)
    try? await Task.sleep(for: .seconds(1))
    return await generator.snapshot()
  }

  func leave(_ rooms: [any Room]) async {
    await withTaskGroup { group in
      var running = 0
      for room in rooms {
        group.addTask { await room.leave() }
        running += 1
        // A crowd at the door, not all at once.
        if running >= 32 { await group.next() }
      }
    }
  }

  /// Waits, and shows every second how it goes.
  func wait(_ seconds: Double, _ name: String) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
      let left = end - ContinuousClock.now
      guard left > .zero else { return }
      try await Task.sleep(for: min(left, .seconds(1)))
      await show(name, left: max(0, (end - ContinuousClock.now) / .seconds(1)))
    }
  }

  func show(_ name: String, left: Double?) async {
    let snapshot = await generator.snapshot()
    guard let point = snapshot.seconds.last else { return }
    let lost = snapshot.cohorts.reduce(0) { $0 + $1.audio.lost + $1.video.lost }
    var text = name
    if let left { text += " \(Shown.fixed(left, 0)) s" }
    text +=
      "  \(point.connected) connected  out \(point.sent)/s  in \(point.received)/s"
      + "  delay p50 \(Shown.number(point.delayP50)) p99 \(Shown.number(point.delayP99)) ms"
      + "  lost \(lost)  generator \(Shown.fixed(point.utilisation * 100, 0)) %"
    progress.show(text)
  }

  /// Waits until the server holds no more than before.
  func leftovers(
    _ before: MetricsReading?, limit: Double = 10
  ) async -> LoadReport.Leftovers {
    let started = ContinuousClock.now
    var result = LoadReport.Leftovers(seconds: 0)
    guard let before else { return result }
    func surplus(_ now: MetricsReading, _ name: String) -> Double? {
      now.values[name].map { max(0, $0 - (before.values[name] ?? 0)) }
    }
    while true {
      if let now = await metrics() {
        result.consultations = surplus(now, "visavis_consultations")
        result.participants = surplus(now, "visavis_participants")
        result.peers = surplus(now, "visavis_worker_peers")
      }
      result.seconds = (ContinuousClock.now - started) / .seconds(1)
      let sum =
        (result.consultations ?? 0) + (result.participants ?? 0) + (result.peers ?? 0)
      if sum == 0 || result.seconds > limit { return result }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
