internal import Foundation
internal import Wire

extension LoadSession {
  func report(_ run: RunMeasurements) -> LoadReport {
    let interval = (run.last.at - run.first.at).seconds
    let counts = run.last.traffic - run.first.traffic
    var audioDelay = LatencyHistogram()
    var videoDelay = LatencyHistogram()
    for cohort in run.last.cohorts {
      audioDelay.add(cohort.audioDelay)
      videoDelay.add(cohort.videoDelay)
    }
    var both = audioDelay
    both.add(videoDelay)
    let loss =
      run.audio.expected > 0
      ? 100 * Double(max(0, run.audio.lost)) / Double(run.audio.expected) : 0
    let mouthToEar = Double(audioDelay.value(at: 0.5)) / 1e6 + SpeechQuality.terminalDelay
    let forwarded = counts.rtpReceived + counts.retransmissionsReceived
    return LoadReport(
      tool: BenchVersion.current, date: Self.date(), machine: .current(), setup: setup(run.plan),
      interval: interval, joins: run.joins.report, audioDelay: .init(audioDelay),
      videoDelay: .init(videoDelay), delay: .init(both),
      delivery: LoadReport.Delivery(
        audio: run.audio, video: run.video,
        generatorDrops: run.generatorDrops ?? run.last.socketDrops - run.first.socketDrops,
        serverDrops: run.server.drops,
        lostWhileJoining: run.lostBefore),
      traffic: LoadReport.Traffic(
        sentPerSecond: Double(counts.rtpSent) / interval,
        forwardedPerSecond: Double(forwarded) / interval,
        sentMegabits: Double(counts.rtpOctetsSent) * 8e-6 / interval,
        forwardedMegabits: Double(counts.rtpOctetsReceived) * 8e-6 / interval, counts: counts),
      quality: LoadReport.Quality(
        audioMOS: SpeechQuality.meanOpinionScore(delay: mouthToEar, loss: loss), audioLoss: loss),
      generator: Self.health(run.first, run.last, serverDrops: run.server.drops ?? 0),
      server: run.server.report(
        forwarded: forwarded, people: run.plan.people,
        generator: run.last.processTime - run.first.processTime),
      leftovers: run.leftovers, timeline: run.last.seconds)
  }

  private func setup(_ plan: LoadPlan) -> LoadReport.Setup {
    LoadReport.Setup(
      command: CommandLine.arguments.dropFirst().joined(separator: " ")
        .replacing(/--token[ =]\S+/, with: "--token ..."),
      server: server.server, signaling: server.usesWHIP ? "whip" : "websocket", rooms: plan.rooms,
      participants: plan.participants, viewers: plan.viewers, videoKilobits: media.videoKilobits,
      framesPerSecond: media.fps, hasAudio: media.audio, hasVideo: media.video,
      seconds: plan.seconds, joinsPerSecond: media.ramp,
      impairment: media.impair ?? Impairment(), seed: media.seed, cpus: media.cpus?.cpus ?? [])
  }

  static func date() -> String {
    Date.now.formatted(.iso8601)
  }

  /// The load is only what it says while the generator keeps up.
  /// - Parameter serverDrops: datagrams that the server's sockets dropped meanwhile.
  static func health(
    _ first: GeneratorSnapshot, _ last: GeneratorSnapshot, serverDrops: Int64
  ) -> LoadReport.GeneratorHealth {
    let span = Double((last.at - first.at).nanoseconds)
    let thread = Double(last.threadTime - first.threadTime) / span
    let lateness = LoadReport.Spread(last.lateness)
    var reasons: [String] = []
    if lateness.p99 > 5 {
      reasons.append("1 % of its packets left \(Shown.number(lateness.p99)) ms late or more")
    }
    let drops = last.socketDrops - first.socketDrops
    if drops > 0 { reasons.append("its sockets dropped \(drops) datagrams") }
    let refused = last.traffic.sendFailures - first.traffic.sendFailures
    if refused > 0 { reasons.append("the kernel refused \(refused) of its packets") }
    // Busy, but everything left in time, with answers to a server that asks again for what it dropped
    // itself: the load was what it should be, and the server is what broke.
    let counts = last.traffic - first.traffic
    let answersDrops =
      reasons.isEmpty && serverDrops > 0 && counts.retransmissionsSent > counts.rtpSent / 20
    if thread > 0.9, !answersDrops {
      reasons.insert("its media thread used \(Shown.fixed(thread * 100, 0)) % of a core", at: 0)
    }
    return LoadReport.GeneratorHealth(
      threadUtilisation: thread,
      processUtilisation: Double(last.processTime - first.processTime) / span, lateness: lateness,
      isSaturated: !reasons.isEmpty, reasons: reasons)
  }
}

extension RunMeasurements.Server {
  var drops: Int64? {
    guard let first, let last = after ?? last else { return nil }
    return last.socketDrops - first.socketDrops
  }

  /// - Parameter generator: CPU time of the load generator in the interval, nanoseconds.
  func report(forwarded: UInt64, people: Int, generator: Int64) -> LoadReport.Server? {
    guard let before, let first, let last else { return nil }
    let packets = Double(max(1, forwarded))
    // Counted in ticks, whatever ended, or exactly, what is there still: the larger one is right.
    let ticks = Double(last.user - first.user + last.system - first.system)
    let cpu = max(ticks, Double(last.exact - first.exact)) / 1000
    // How it divides is only sampled by the kernel.
    let user = ticks > 0 ? cpu * Double(last.user - first.user) / ticks : 0
    let switches =
      last.voluntarySwitches + last.involuntarySwitches - first.voluntarySwitches
      - first.involuntarySwitches
    let span = Double((last.at - first.at).nanoseconds)
    let others = Double(last.machine.busy - first.machine.busy - generator) - cpu * 1000
    let bare = (baseline ?? before).resident
    return LoadReport.Server(
      cpuPerPacket: cpu / packets, userPerPacket: user / packets,
      systemPerPacket: (cpu - user) / packets,
      cores: cpu * 1000 / span,
      switchesPerPacket: Double(switches) / packets, residentBefore: bare,
      resident: last.resident, residentPeak: last.residentPeak,
      residentPerParticipant: Double(last.resident - bare) / Double(max(1, people)),
      threads: last.threads, descriptors: last.descriptors, descriptorsBefore: before.descriptors,
      descriptorsAfter: after?.descriptors ?? last.descriptors,
      otherCores: max(0, others / span),
      stolenCores: Double(last.machine.stolen - first.machine.stolen) / span)
  }
}

extension LoadReport.Machine {
  static func current() -> Self {
    let processor = ProcessSample.text("/proc/cpuinfo").flatMap { text in
      text.split(separator: "\n").first { $0.hasPrefix("model name") }
        .flatMap { $0.split(separator: ":", maxSplits: 1).last }
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let kernel = ProcessSample.text("/proc/sys/kernel/osrelease") ?? ""
    return Self(
      kernel: kernel.trimmingCharacters(in: .whitespacesAndNewlines),
      processor: processor ?? "unknown", cores: ProcessInfo.processInfo.processorCount)
  }
}

enum BenchVersion {
  static let current = "visavis-bench 0.1"
}
