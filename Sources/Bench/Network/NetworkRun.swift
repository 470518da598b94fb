internal import Wire

/// One scenario from the first join to the last goodbye.
struct NetworkRun {
  /// Between the joins and the trouble, as a call that has begun; the end of it is what `others` are
  /// compared with.
  static let warmup = 6.0
  static let compared = 3.0

  let session: LoadSession
  let scenario: NetworkScenario
  let directions: [PathDirection]
  let seconds: Double

  func run() async throws -> NetworkResult {
    try await session.begin()
    let generator = session.generator
    var settings = session.settings
    settings.repairsSound = true
    settings.videoKilobits = max(settings.videoKilobits, scenario.camera ?? 0)
    let call = NetworkCall(session, settings, name: scenario.name)
    do {
      try await call.join(scenario.people)
      try await session.wait(Self.warmup - Self.compared, "\(scenario.name): a call begins")
      let early = await generator.records()
      try await session.wait(Self.compared, "\(scenario.name): a call begins")

      generator.send(.beginInterval)
      let origin = MonotonicClock.now()
      generator.send(.beginPaths(at: origin))
      let first = await generator.snapshot()
      let begun = await generator.records()
      try await session.wait(scenario.settling, scenario.name)
      let settled = await generator.records()
      try await session.wait(seconds - scenario.settling, scenario.name)
      let last = await generator.snapshot()
      let records = await generator.records()

      var evidence = NetworkEvidence(
        measures: directions.map {
          NetworkMeasure($0, scenario, records, origin: origin, seconds: seconds)
        }, seconds: seconds)
      evidence.told = await call.told()
      let start = origin + MediaDuration(nanoseconds: Int64(scenario.settling * 1e9))
      let before = Self.others(
        early, begun, from: origin - .seconds(Int64(Self.compared)), to: origin)
      evidence.othersBefore = (before.pictures, before.kilobits)
      evidence.others = Self.others(
        settled, records, from: start,
        to: origin + MediaDuration(nanoseconds: Int64(seconds * 1e9)))
      await leave(call)
      return NetworkResult(
        name: scenario.name, summary: scenario.summary, seconds: seconds,
        goals: scenario.goals.flatMap { evidence.verdicts($0) }, measures: evidence.measures,
        disturbed: LoadSession.health(first, last, serverDrops: 0).reasons)
    } catch {
      await leave(call)
      throw error
    }
  }

  private func leave(_ call: NetworkCall) async {
    await call.leave()
    await session.end()
  }

  /// What flows between those who are not the patient.
  private static func others(
    _ first: NetworkRecords, _ last: NetworkRecords, from: MediaInstant, to: MediaInstant
  ) -> (pictures: Double, kilobits: Double, longestGap: Double) {
    let patient = NetworkScenario.Person.patient.rawValue
    let seconds = (to - from).seconds
    var (streams, pictures, kilobits, gap) = (0.0, 0.0, 0.0, 0.0)
    for (i, stream) in last.streams.enumerated()
    where stream.isVideo && stream.receiver != patient && stream.sender != patient
      && stream.sender != nil
    {
      let flow = PictureFlow(stream.shown, from: from, to: to)
      let before = i < first.streams.count ? first.streams[i].octets : 0
      streams += 1
      pictures += flow.perSecond
      kilobits += Double(stream.octets - before) * 8e-3 / seconds
      gap = max(gap, flow.longestGap)
    }
    return streams == 0 ? (0, 0, seconds) : (pictures / streams, kilobits / streams, gap)
  }
}
