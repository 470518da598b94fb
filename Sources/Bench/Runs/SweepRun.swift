/// More and more rooms, until the service level breaks.
struct SweepRun {
  struct Level: Sendable, Codable {
    var rooms: Int
    var report: LoadReport
    /// What broke; empty when it held.
    var breaches: [String]
    /// The load generator was the limit: the level says nothing about the server.
    var isInconclusive: Bool

    var held: Bool { breaches.isEmpty && !isInconclusive }
  }

  struct Result: Sendable, Codable {
    var schema = LoadReport.schema
    var levels: [Level]
    var participants: Int
    /// The most rooms that held.
    var carried: Int
    /// The fewest that did not, by the server's fault; `nil` when it never broke.
    var broke: Int?
    var leftovers: LoadReport.Leftovers?
  }

  let session: LoadSession
  /// Of each level; its rooms are what varies.
  let plan: LoadPlan
  let first: Int
  let limit: Int
  /// From one level to the next, until one breaks; then the middle is tried.
  let factor: Double
  /// The knee is found when it lies within this part of itself.
  let precision: Double
  let service: ServiceLevel

  func run() async throws -> Result {
    let metrics = await session.metrics()
    let before = session.sampleServer()
    try await session.begin()
    var rooms: [any Room] = []
    var isWhole = true
    var levels: [Level] = []
    var held = 0
    var broke: Int?
    var wanted = first
    var made = 0
    while true {
      do {
        if !isWhole {
          // Who broke does not come back: the next level would carry less than it says.
          await session.leave(rooms)
          rooms = []
        }
        let joins = try await resize(&rooms, to: wanted, &made)
        let level = try await measure(rooms.count, joins, before)
        isWhole = level.report.joins.broken == 0 && joins.report.connected == joins.report.attempted
        levels.append(level)
        session.progress.note(Self.line(level))
        if level.held {
          held = max(held, wanted)
        } else {
          broke = min(broke ?? wanted, wanted)
        }
      } catch is CancellationError {
        break
      }
      guard let next = next(held: held, broke: broke) else { break }
      wanted = next
    }
    await session.leave(rooms)
    let leftovers = await session.leftovers(metrics)
    await session.end()
    return Result(levels: levels, participants: plan.participants, leftovers: leftovers)
  }

  private func next(held: Int, broke: Int?) -> Int? {
    guard let broke else {
      guard held < limit else { return nil }
      return min(limit, max(held + 1, Int((Double(held) * factor).rounded())))
    }
    let step = max(1, Int(Double(held) * precision))
    guard broke - held > step else { return nil }
    return (held + broke) / 2
  }

  /// Rooms are added or taken away.
  private func resize(_ rooms: inout [any Room], to count: Int, _ made: inout Int) async throws
    -> JoinStatistics
  {
    if rooms.count > count {
      await session.leave(Array(rooms[count...]))
      rooms.removeLast(rooms.count - count)
    } else if rooms.count < count {
      var new: [any Room] = []
      for _ in rooms.count..<count {
        made += 1
        new.append(try session.room("\(made)"))
      }
      // They are in even when joining them was cut short: they must leave.
      rooms += new
      try await session.join(new, plan)
    }
    try await session.wait(plan.warmup, "\(count) rooms, warming up")
    return await session.journal.take()
  }

  private func measure(
    _ count: Int, _ joins: JoinStatistics, _ before: ProcessSample?
  ) async throws -> Level {
    session.generator.send(.beginInterval)
    let first = await session.generator.snapshot()
    let serverFirst = session.sampleServer()
    try await session.wait(plan.seconds, "\(count) rooms")
    let last = await session.generator.snapshot()
    let serverLast = session.sampleServer()
    let delivered = last.delivered(since: first)
    var level = plan
    level.rooms = count
    var report = session.report(
      RunMeasurements(
        plan: level, joins: joins, first: first, last: last,
        audio: delivered.audio,
        video: delivered.video,
        server: .init(before: before, first: serverFirst, last: serverLast)))
    report.timeline = []
    return Level(
      rooms: count, report: report, breaches: service.breaches(report),
      isInconclusive: report.generator.isSaturated)
  }

  private static func line(_ level: Level) -> String {
    let report = level.report
    var text =
      "\(level.rooms) rooms: \(Shown.number(report.traffic.forwardedPerSecond)) packets/s, delay p50 "
      + "\(Shown.number(report.delay.p50)) p99 \(Shown.number(report.delay.p99)) ms"
    if let server = report.server {
      text +=
        ", \(Shown.fixed(server.cores, 2)) cores, \(Shown.number(server.cpuPerPacket)) us/packet"
    }
    if level.held { return text + ": holds" }
    if level.isInconclusive {
      text += ": LOAD GENERATOR SATURATED (\(report.generator.reasons.joined(separator: ", ")))"
    }
    return level.breaches.isEmpty ? text : text + ": " + level.breaches.joined(separator: ", ")
  }
}

extension SweepRun.Result {
  /// - Parameter levels: in the order that they were tried.
  init(levels: [SweepRun.Level], participants: Int, leftovers: LoadReport.Leftovers? = nil) {
    self.levels = levels.sorted { $0.rooms < $1.rooms }
    self.participants = participants
    carried = levels.filter(\.held).map(\.rooms).max() ?? 0
    broke = levels.filter { !$0.held && !$0.isInconclusive }.map(\.rooms).min()
    self.leftovers = leftovers
  }

  /// The level above what held that the load generator did not carry; `nil` when the server is what
  /// broke, or nothing did.
  var saturated: SweepRun.Level? {
    broke == nil ? levels.first { $0.rooms > carried && $0.isInconclusive } : nil
  }

  /// In one line.
  var headline: String {
    let machine =
      levels.first.map { " (\($0.report.machine.processor), \($0.report.machine.cores) cores)" }
      ?? ""
    let viewers = levels.first.map(\.report.setup.viewers).flatMap { $0 > 0 ? $0 : nil }
    let shape = "of \(participants)" + (viewers.map { " and \($0) viewers" } ?? "")
    guard carried > 0 else {
      return saturated == nil
        ? "this machine does not carry \(Shown.count(levels.first?.rooms ?? 1, "room")) \(shape)"
          + machine
        : "the load generator saturated first: nothing is known of the server" + machine
    }
    let atLeast = broke == nil ? "at least " : ""
    return "this machine carries \(atLeast)\(Shown.count(carried, "room")) \(shape)" + machine
  }

  var text: String {
    var lines = [headline]
    if let broke {
      let breaches = levels.first { $0.rooms == broke }?.breaches ?? []
      lines.append("at \(broke) rooms: \(breaches.joined(separator: ", "))")
    } else if let saturated {
      lines.append(
        "at \(saturated.rooms) rooms the LOAD GENERATOR was the limit, not the server ("
          + saturated.report.generator.reasons.joined(separator: "; ")
          + "): give it more or faster CPUs, or run several")
    } else {
      lines.append("more was not tried")
    }
    if let broke, let level = levels.first(where: { $0.rooms == broke }),
      let text = level.report.server?.disturbance(cores: level.report.machine.cores)
    {
      lines.append("\(text): the knee may lie higher")
    }
    return lines.joined(separator: "\n")
  }
}
