internal import Foundation
internal import Wire

/// Hours of coming and going: rooms open and close, people leave, crash, lose their connection and
/// come back. Whatever the server keeps of them is a leak.
struct SoakRun {
  struct Sample: Sendable, Codable {
    /// Since the beginning.
    var seconds: Double
    var connected: Int
    /// Of the server: octets, descriptors, and what `/metrics` tells.
    var resident: Int64?
    var descriptors: Int?
    var consultations: Double?
    var participants: Double?
    var peers: Double?
  }

  struct Events: Sendable, Codable {
    var rooms = 0
    var leaves = 0
    var crashes = 0
    var reconnects = 0
    var failedReconnects = 0
  }

  struct Result: Sendable, Codable {
    var schema = LoadReport.schema
    var minutes: Double
    var events: Events
    var joins: LoadReport.Joins
    var delay: LoadReport.Spread
    var audio: DeliveryCounts
    var video: DeliveryCounts
    var samples: [Sample]
    var descriptorsBefore: Int?
    var descriptorsAfter: Int?
    var leftovers: LoadReport.Leftovers
    /// Why it failed; empty when it did not.
    var failures: [String]
  }

  let session: LoadSession
  let rooms: Int
  let participants: Int
  let minutes: Double
  /// Seconds that a room lives, in the mean.
  let roomSeconds: Double
  /// Seconds that the server may take to forget who crashed.
  let settleSeconds: Double

  func run() async throws -> Result {
    let metrics = await session.metrics()
    let before = session.sampleServer()
    try await session.begin()
    let started = ContinuousClock.now
    let end = started + .seconds(minutes * 60)
    let churn = Task {
      await withTaskGroup(of: Events.self, returning: Events.self) { group in
        for number in 0..<rooms { group.addTask { await live(number, until: end) } }
        return await group.reduce(into: Events()) { $0.add($1) }
      }
    }
    var samples: [Sample] = []
    var joins = JoinStatistics()
    do {
      while ContinuousClock.now < end {
        try await session.wait(
          min(10, max(0, (end - ContinuousClock.now) / .seconds(1))), "soaking")
        samples.append(await sample(started))
      }
    } catch is CancellationError {
      churn.cancel()
    }
    let events = await churn.value
    let soaked = (ContinuousClock.now - started) / .seconds(60)
    let last = await session.generator.snapshot()
    session.progress.note(
      "everyone has left; waiting until the server has forgotten them, those who crashed too")
    let leftovers = await session.leftovers(metrics, limit: settleSeconds)
    joins.add(await session.journal.take())
    await session.end()

    var delay = last.cohorts[0].audioDelay
    delay.add(last.cohorts[0].videoDelay)
    var result = Result(
      minutes: soaked, events: events,
      joins: joins.report, delay: .init(delay), audio: last.cohorts[0].audio,
      video: last.cohorts[0].video, samples: samples, descriptorsBefore: before?.descriptors,
      descriptorsAfter: session.sampleServer()?.descriptors, leftovers: leftovers, failures: [])
    result.failures = SoakVerdict.failures(result)
    return result
  }

  /// Room after room in one place, until it is time.
  private func live(_ number: Int, until end: ContinuousClock.Instant) async -> Events {
    var random = SeededRandom(seed: session.media.seed &+ UInt64(number) &* 7919)
    var events = Events()
    // Not all at once.
    try? await Task.sleep(for: .seconds(Double(number) / session.media.ramp))
    while ContinuousClock.now < end, !Task.isCancelled,
      let room = try? session.room("\(number)-\(events.rooms)")
    {
      events.rooms += 1
      for _ in 0..<participants { try? await room.join(publishes: true) }
      // Evenly between half and one and a half of the mean.
      let life = roomSeconds * Double.random(in: 0.5..<1.5, using: &random)
      let left = max(0, (end - ContinuousClock.now) / .seconds(1))
      let fate = random.next() % 4
      let part = min(life, left) / 2
      try? await Task.sleep(for: .seconds(part))
      switch fate {
      case 0:
        await room.crash()
        events.crashes += 1
      case 1:
        do {
          try await room.reconnect()
          events.reconnects += 1
        } catch {
          events.failedReconnects += 1
        }
      default: break
      }
      try? await Task.sleep(for: .seconds(part))
      await room.leave()
      events.leaves += 1
    }
    return events
  }

  private func sample(_ started: ContinuousClock.Instant) async -> Sample {
    let snapshot = await session.generator.snapshot()
    let process = session.sampleServer()
    let metrics = await session.metrics()
    return Sample(
      seconds: (ContinuousClock.now - started) / .seconds(1), connected: snapshot.connected,
      resident: process?.resident, descriptors: process?.descriptors,
      consultations: metrics?.values["visavis_consultations"],
      participants: metrics?.values["visavis_participants"],
      peers: metrics?.values["visavis_worker_peers"])
  }
}

extension SoakRun.Events {
  mutating func add(_ other: Self) {
    rooms += other.rooms
    leaves += other.leaves
    crashes += other.crashes
    reconnects += other.reconnects
    failedReconnects += other.failedReconnects
  }
}

/// What a soak must not show.
enum SoakVerdict {
  /// Memory that comes and goes with chance, octets.
  static let slack = 8_000_000.0
  static let descriptorSlack = 8

  static func failures(_ result: SoakRun.Result) -> [String] {
    var failures: [String] = []
    if let growth = growth(result.samples.compactMap { $0.resident.map(Double.init) }) {
      failures.append("memory grew from \(Shown.octets(growth.from)) to \(Shown.octets(growth.to))")
    }
    if let before = result.descriptorsBefore, let after = result.descriptorsAfter,
      after > before + descriptorSlack
    {
      failures.append("\(after) descriptors at the end, \(before) at the beginning")
    }
    let left = result.leftovers
    let sum = (left.consultations ?? 0) + (left.participants ?? 0) + (left.peers ?? 0)
    if sum > 0 {
      failures.append(
        "left behind: \(Int(left.consultations ?? 0)) consultations, "
          + "\(Int(left.participants ?? 0)) participants, \(Int(left.peers ?? 0)) connections")
    }
    if result.joins.connected < result.joins.attempted {
      failures.append(
        "\(result.joins.attempted - result.joins.connected) of \(result.joins.attempted) did not "
          + "get in")
    }
    if result.joins.broken > 0 { failures.append("\(result.joins.broken) connections broke") }
    if result.events.failedReconnects > 0 {
      failures.append("\(result.events.failedReconnects) could not come back")
    }
    return failures
  }

  /// The last third of the samples against the middle one: the first may still be filling up.
  /// `nil` when it did not grow by more than chance, or there are too few samples to tell.
  static func growth(_ samples: [Double]) -> (from: Double, to: Double)? {
    guard samples.count >= 6,
      let middle = RunRange(Array(samples[samples.count / 3..<samples.count * 2 / 3])),
      let last = RunRange(Array(samples[(samples.count * 2 / 3)...]))
    else { return nil }
    guard last.median > middle.median * 1.05 + slack else { return nil }
    return (middle.median, last.median)
  }
}

extension SoakRun.Result {
  var text: String {
    let lost = audio.lost + video.lost
    var lines = [
      "\(Shown.number(minutes)) minutes: \(events.rooms) rooms, \(joins.attempted) joins, "
        + "\(events.crashes) crashes, \(events.reconnects) reconnects",
      "delay p50 \(Shown.number(delay.p50)) p99 \(Shown.number(delay.p99)) ms, lost \(lost) of "
        + "\(audio.expected + video.expected) packets",
    ]
    if let first = samples.first?.resident, let last = samples.last?.resident {
      lines.append(
        "server memory \(Shown.octets(Double(first))) at first, \(Shown.octets(Double(last))) at "
          + "last; descriptors \(descriptorsBefore ?? 0) before, \(descriptorsAfter ?? 0) after")
    }
    for (reason, count) in joins.failures.sorted(by: { $0.value > $1.value }).prefix(5) {
      lines.append("  \(count) x \(reason)")
    }
    lines.append(
      failures.isEmpty
        ? "nothing leaked" : "FAILED: " + failures.joined(separator: "; "))
    return lines.joined(separator: "\n")
  }
}
