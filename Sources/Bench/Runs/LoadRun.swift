/// Everything that a report is made of.
struct RunMeasurements: Sendable {
  /// Of the server process: before anyone came, at both ends of the interval, after all had left.
  struct Server: Sendable {
    var before: ProcessSample?
    /// What its memory is measured against; `nil`: `before`.
    var baseline: ProcessSample?
    var first: ProcessSample?
    var last: ProcessSample?
    var after: ProcessSample?
  }

  var plan: LoadPlan
  var joins = JoinStatistics()
  /// At both ends of the interval.
  var first: GeneratorSnapshot
  var last: GeneratorSnapshot
  /// What was delivered of the interval, and out of what.
  var audio = DeliveryCounts()
  var video = DeliveryCounts()
  var lostBefore: Int64 = 0
  /// What our sockets dropped meanwhile; `nil`: up to `last`.
  var generatorDrops: UInt64?
  var server = Server()
  var leftovers: LoadReport.Leftovers?
}

/// One steady load from the first join to the last goodbye.
struct LoadRun {
  let session: LoadSession
  let plan: LoadPlan
  /// Of the server before the first of several runs: it keeps the memory that it once needed.
  var baseline: ProcessSample?

  func run() async throws -> LoadReport {
    let metrics = await session.metrics()
    let before = session.sampleServer()
    try await session.begin()

    let rooms = try (0..<plan.rooms).map { try session.room("\($0)") }
    var wasInterrupted = false
    do {
      try await session.join(rooms, plan)
      try await session.wait(plan.warmup, "warming up")
    } catch is CancellationError {
      wasInterrupted = true
    }
    let generator = session.generator
    generator.send(.beginInterval)
    let first = await generator.snapshot()
    let serverFirst = session.sampleServer()
    if !wasInterrupted {
      do { try await session.wait(plan.seconds, "measuring") } catch is CancellationError {}
    }
    let last = await generator.snapshot()
    let serverLast = session.sampleServer()
    let end = await session.drain()

    session.progress.show("leaving")
    await session.leave(rooms)
    let leftovers = await session.leftovers(metrics)
    let delivered = end.delivered(since: first)
    let measurements = RunMeasurements(
      plan: plan, joins: await session.journal.take(), first: first, last: last,
      audio: delivered.audio, video: delivered.video, lostBefore: delivered.lostBefore,
      generatorDrops: end.socketDrops - first.socketDrops,
      server: .init(
        before: before, baseline: baseline, first: serverFirst, last: serverLast,
        after: session.sampleServer()),
      leftovers: leftovers)
    await session.end()
    return session.report(measurements)
  }
}
