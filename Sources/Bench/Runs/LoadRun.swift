/// Everything that a report is made of.
struct RunMeasurements: Sendable {
  /// Of the server process: before anyone came, at both ends of the interval, after all had left.
  struct Server: Sendable {
    var before: ProcessSample?
    var first: ProcessSample?
    var last: ProcessSample?
    var after: ProcessSample?
  }

  var plan: LoadPlan
  var joins = JoinStatistics()
  /// At both ends of the interval.
  var first: GeneratorSnapshot
  var last: GeneratorSnapshot
  /// What was delivered, and out of what.
  var audio = DeliveryCounts()
  var video = DeliveryCounts()
  /// What our sockets dropped meanwhile; `nil`: that of the interval.
  var generatorDrops: UInt64?
  var server = Server()
  var leftovers: LoadReport.Leftovers?
}

/// One steady load from the first join to the last goodbye.
struct LoadRun {
  let session: LoadSession
  let plan: LoadPlan

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
    let measurements = RunMeasurements(
      plan: plan, joins: await session.journal.take(), first: first, last: last,
      audio: end.cohorts.reduce(DeliveryCounts()) { $0 + $1.audio },
      video: end.cohorts.reduce(DeliveryCounts()) { $0 + $1.video },
      generatorDrops: end.socketDrops,
      server: .init(
        before: before, first: serverFirst, last: serverLast, after: session.sampleServer()),
      leftovers: leftovers)
    await session.end()
    return session.report(measurements)
  }
}
