/// The quarter hour: calls are in progress when those with an appointment come all at once.
struct StormRun {
  /// How the calls in progress were, before and during the storm.
  struct Comparison: Sendable, Codable {
    var before: LoadReport.Spread
    var during: LoadReport.Spread
    var lostBefore: Int64
    var lostDuring: Int64
    var expectedBefore: Int64
    var expectedDuring: Int64

    /// Packets lost where none were, or clearly more of them, or a tail that became longer than anyone
    /// would take for chance.
    var wasFelt: Bool {
      let rateBefore = Double(lostBefore) / Double(max(1, expectedBefore))
      let rateDuring = Double(lostDuring) / Double(max(1, expectedDuring))
      return rateDuring > 1.5 * rateBefore || during.p99 > max(20, before.p99 * 3)
    }
  }

  struct Result: Sendable, Codable {
    var schema = LoadReport.schema
    var profile: String
    var scale: Double
    /// Calls of the busy hour, erlang, and the rooms that are enough for all but one call of a
    /// thousand.
    var callsInBusyHour: Double
    var load: Double
    var lines: Int
    var roomsInProgress: Int
    var stormParticipants: Int
    var stormSeconds: Double
    var peakJoinsPerSecond: Int
    var joins: LoadReport.Joins
    var callsInProgress: Comparison
    var generator: LoadReport.GeneratorHealth
    var server: LoadReport.Server?
    var leftovers: LoadReport.Leftovers?
    var timeline: [SecondPoint]
    /// Of the machine.
    var cores: Int
  }

  let session: LoadSession
  let profile: CapacityProfile
  let scale: Double
  let quietSeconds: Double
  let stormSeconds: Double

  func run() async throws -> Result {
    let scaled = profile.scaled(by: scale)
    let metrics = await session.metrics()
    let before = session.sampleServer()
    try await session.begin()
    let pair = LoadPlan(rooms: scaled.roomsInProgress, participants: 2)
    let calls = try (0..<pair.rooms).map { try session.room("call-\($0)", cohort: 0) }
    // Whoever interrupts it gets a report of what was.
    try? await session.join(calls, pair)
    try? await session.wait(3, "calls in progress")
    _ = await session.journal.take()

    session.generator.send(.beginInterval)
    let quietFirst = await session.generator.snapshot()
    try? await session.wait(quietSeconds, "before the storm")
    let quietLast = await session.generator.snapshot()

    session.generator.send(.beginInterval)
    let first = await session.generator.snapshot()
    let serverFirst = session.sampleServer()
    let schedule = StormSchedule(
      participants: scaled.participantsInStorm / 2 * 2, seconds: stormSeconds,
      seed: session.media.seed)
    let rooms = try (0..<schedule.times.count / 2).map {
      try session.room("storm-\($0)", cohort: 1)
    }
    session.progress.note(
      "storm: \(schedule.times.count) participants within \(Shown.number(stormSeconds)) s")
    let storm = LoadPlan(rooms: rooms.count, participants: 2)
    try? await session.join(rooms, storm, times: schedule.times)
    try? await session.wait(3, "after the storm")
    let last = await session.generator.snapshot()
    let serverLast = session.sampleServer()
    let joins = await session.journal.take()
    await session.leave(calls + rooms)
    let leftovers = await session.leftovers(metrics)
    await session.end()

    let server = RunMeasurements.Server(
      before: before, first: serverFirst, last: serverLast, after: session.sampleServer())
    let traffic = last.traffic - first.traffic
    let people = (calls.count + rooms.count) * 2
    return Result(
      profile: profile.name, scale: scale, callsInBusyHour: scaled.callsInBusyHour,
      load: scaled.load, lines: scaled.lines, roomsInProgress: calls.count,
      stormParticipants: schedule.times.count, stormSeconds: stormSeconds,
      peakJoinsPerSecond: schedule.peak, joins: joins.report,
      callsInProgress: Self.compare(quietFirst, quietLast, first, last),
      generator: LoadSession.health(first, last, serverDrops: server.drops ?? 0),
      server: server.report(
        forwarded: traffic.rtpReceived + traffic.retransmissionsReceived, people: people,
        generator: last.processTime - first.processTime),
      leftovers: leftovers, timeline: last.seconds, cores: LoadReport.Machine.current().cores)
  }

  private static func compare(
    _ quietFirst: GeneratorSnapshot, _ quietLast: GeneratorSnapshot, _ first: GeneratorSnapshot,
    _ last: GeneratorSnapshot
  ) -> Comparison {
    func spread(_ snapshot: GeneratorSnapshot) -> LoadReport.Spread {
      var delay = snapshot.cohorts[0].audioDelay
      delay.add(snapshot.cohorts[0].videoDelay)
      return LoadReport.Spread(delay)
    }
    func delivered(_ first: GeneratorSnapshot, _ last: GeneratorSnapshot) -> DeliveryCounts {
      var counts =
        last.cohorts[0].audio + last.cohorts[0].video
        - (first.cohorts[0].audio + first.cohorts[0].video)
      _ = counts.settle()
      return counts
    }
    let before = delivered(quietFirst, quietLast)
    let during = delivered(first, last)
    return Comparison(
      before: spread(quietLast), during: spread(last), lostBefore: before.lost,
      lostDuring: during.lost, expectedBefore: before.expected, expectedDuring: during.expected)
  }
}

extension StormRun.Result {
  var text: String {
    var table = TextTable([
      "calls in progress, delay ms", "p50", "p99", "p99.9", "max", "packets", "lost",
    ])
    for (name, spread, expected, lost) in [
      (
        "before the storm", callsInProgress.before, callsInProgress.expectedBefore,
        callsInProgress.lostBefore
      ),
      (
        "during the storm", callsInProgress.during, callsInProgress.expectedDuring,
        callsInProgress.lostDuring
      ),
    ] {
      table.add(
        name, Shown.number(spread.p50), Shown.number(spread.p99), Shown.number(spread.p999),
        Shown.number(spread.maximum), "\(expected)", "\(lost)")
    }
    var join = TextTable(["joining in the storm, ms", "p50", "p95", "p99", "max"])
    for (name, spread) in [
      ("signaling", joins.signaling), ("DTLS", joins.dtls), ("until connected", joins.connect),
      ("until first packet", joins.firstPacket),
    ] {
      join.add(
        name, Shown.number(spread.p50), Shown.number(spread.p95), Shown.number(spread.p99),
        Shown.number(spread.maximum))
    }
    var text = """
      \(profile)\(scale == 1 ? "" : " x \(Shown.number(scale))"): \
      \(Shown.number(callsInBusyHour)) calls in the busy hour, \(Shown.number(load)) at once in the \
      mean, \(lines) rooms are enough for 999 of 1000 (Erlang B)
      \(Shown.count(roomsInProgress, "call")) in progress, then \(stormParticipants) participants within \
      \(Shown.number(stormSeconds)) s, up to \(peakJoinsPerSecond) in a second

      \(table.text)

      \(join.text)
      \(joins.connected) of \(joins.attempted) got in
      """
    for (reason, count) in joins.failures.sorted(by: { $0.value > $1.value }).prefix(5) {
      text += "\n  \(count) x \(reason)"
    }
    text += "\n\n" + verdict
    if let server {
      text +=
        "\nserver: \(Shown.fixed(server.cores, 2)) cores, "
        + "\(Shown.number(server.cpuPerPacket)) us CPU per forwarded packet, "
        + "\(Shown.octets(Double(server.resident))) memory"
      if let disturbance = server.disturbance(cores: cores) { text += "\n" + disturbance }
    }
    return text
  }

  /// It held although the load generator had trouble: it would have without.
  var isInconclusive: Bool { generator.isSaturated && callsInProgress.wasFelt }

  private var verdict: String {
    let saturated = "GENERATOR SATURATED (\(generator.reasons.joined(separator: "; ")))"
    if isInconclusive {
      return "\(saturated): whether the calls in progress felt the storm cannot be told"
    }
    return callsInProgress.wasFelt
      ? "the calls in progress FELT the storm"
      : "the calls in progress did not feel the storm"
        + (generator.isSaturated ? "\n" + saturated : "")
  }
}
