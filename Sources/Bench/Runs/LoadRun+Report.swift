internal import Foundation
internal import Wire

extension LoadRun {
  func makeReport(
    _ plan: LoadPlan, joins: [EndpointID: JoinJournal.Entry], broken: Int,
    first: GeneratorSnapshot, last: GeneratorSnapshot, end: GeneratorSnapshot,
    server samples: (
      before: ProcessSample?, first: ProcessSample?, last: ProcessSample?, after: ProcessSample?
    ),
    leftovers: LoadReport.Leftovers?
  ) -> LoadReport {
    let interval = (last.at - first.at).seconds
    let counts = last.traffic - first.traffic
    var audioDelay = LatencyHistogram()
    var videoDelay = LatencyHistogram()
    for cohort in last.cohorts {
      audioDelay.add(cohort.audioDelay)
      videoDelay.add(cohort.videoDelay)
    }
    var both = audioDelay
    both.add(videoDelay)
    let audio = end.cohorts.reduce(DeliveryCounts()) { $0 + $1.audio }
    let video = end.cohorts.reduce(DeliveryCounts()) { $0 + $1.video }
    let loss = audio.expected > 0 ? 100 * Double(audio.lost) / Double(audio.expected) : 0
    let mouthToEar = Double(audioDelay.value(at: 0.5)) / 1e6 + SpeechQuality.terminalDelay

    let forwarded = counts.rtpReceived + counts.retransmissionsReceived
    return LoadReport(
      tool: BenchVersion.current, date: Self.date(), machine: .current(), setup: setup(plan),
      interval: interval, joins: Self.joins(joins, broken), audioDelay: .init(audioDelay),
      videoDelay: .init(videoDelay), delay: .init(both),
      delivery: LoadReport.Delivery(
        audio: audio, video: video, generatorDrops: end.socketDrops,
        serverDrops: Self.drops(samples)),
      traffic: LoadReport.Traffic(
        sentPerSecond: Double(counts.rtpSent) / interval,
        forwardedPerSecond: Double(forwarded) / interval,
        sentMegabits: Double(counts.rtpOctetsSent) * 8e-6 / interval,
        forwardedMegabits: Double(counts.rtpOctetsReceived) * 8e-6 / interval, counts: counts),
      quality: LoadReport.Quality(
        audioMOS: SpeechQuality.meanOpinionScore(delay: mouthToEar, loss: loss), audioLoss: loss),
      generator: Self.health(first, last, end),
      server: Self.server(samples, forwarded, plan.people),
      leftovers: leftovers, timeline: end.seconds)
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

  static func joins(_ entries: [EndpointID: JoinJournal.Entry], _ broken: Int) -> LoadReport.Joins {
    var signaling = LatencyHistogram()
    var ice = LatencyHistogram()
    var dtls = LatencyHistogram()
    var connect = LatencyHistogram()
    var packet = LatencyHistogram()
    var keyframe = LatencyHistogram()
    var failures: [String: Int] = [:]
    var connected = 0
    for entry in entries.values {
      if let failure = entry.failure { failures[failure, default: 0] += 1 }
      guard let signaled = entry.signaled else { continue }
      signaling.record((signaled - entry.started).nanoseconds)
      guard let nominated = entry.phases[.ice] else { continue }
      ice.record((nominated - signaled).nanoseconds)
      guard let keyed = entry.phases[.dtls] else { continue }
      dtls.record((keyed - nominated).nanoseconds)
      connect.record((keyed - entry.started).nanoseconds)
      connected += 1
      guard entry.expectsMedia else { continue }
      if let at = entry.phases[.firstPacket] { packet.record((at - entry.started).nanoseconds) }
      if let at = entry.phases[.firstKeyframe] {
        keyframe.record((at - entry.started).nanoseconds)
      }
    }
    return LoadReport.Joins(
      attempted: entries.count, connected: connected, failures: failures, broken: broken,
      signaling: .init(signaling), ice: .init(ice), dtls: .init(dtls), connect: .init(connect),
      firstPacket: .init(packet), firstKeyframe: .init(keyframe))
  }

  /// The load is only what it says while the generator keeps up.
  static func health(
    _ first: GeneratorSnapshot, _ last: GeneratorSnapshot, _ end: GeneratorSnapshot
  ) -> LoadReport.GeneratorHealth {
    let span = Double((last.at - first.at).nanoseconds)
    let thread = Double(last.threadTime - first.threadTime) / span
    let lateness = LoadReport.Spread(last.lateness)
    var reasons: [String] = []
    if thread > 0.9 {
      reasons.append("its media thread used \(Shown.fixed(thread * 100, 0)) % of a core")
    }
    if lateness.p99 > 5 {
      reasons.append("1 % of its packets left \(Shown.number(lateness.p99)) ms late or more")
    }
    if end.socketDrops > 0 { reasons.append("its sockets dropped \(end.socketDrops) datagrams") }
    if end.traffic.sendFailures > 0 {
      reasons.append("the kernel refused \(end.traffic.sendFailures) of its packets")
    }
    return LoadReport.GeneratorHealth(
      threadUtilisation: thread,
      processUtilisation: Double(last.processTime - first.processTime) / span, lateness: lateness,
      isSaturated: !reasons.isEmpty, reasons: reasons)
  }

  static func drops(
    _ samples: (
      before: ProcessSample?, first: ProcessSample?, last: ProcessSample?, after: ProcessSample?
    )
  ) -> Int64? {
    guard let before = samples.before, let after = samples.after else { return nil }
    return after.socketDrops - before.socketDrops
  }

  static func server(
    _ samples: (
      before: ProcessSample?, first: ProcessSample?, last: ProcessSample?, after: ProcessSample?
    ), _ forwarded: UInt64, _ people: Int
  ) -> LoadReport.Server? {
    guard let before = samples.before, let first = samples.first, let last = samples.last,
      let after = samples.after
    else { return nil }
    let packets = Double(max(1, forwarded))
    let user = Double(last.user - first.user) / 1000
    let system = Double(last.system - first.system) / 1000
    let switches =
      last.voluntarySwitches + last.involuntarySwitches - first.voluntarySwitches
      - first.involuntarySwitches
    return LoadReport.Server(
      cpuPerPacket: (user + system) / packets, userPerPacket: user / packets,
      systemPerPacket: system / packets,
      cores: (user + system) * 1000 / Double((last.at - first.at).nanoseconds),
      switchesPerPacket: Double(switches) / packets, residentBefore: before.resident,
      resident: last.resident, residentPeak: last.residentPeak,
      residentPerParticipant: Double(last.resident - before.resident) / Double(max(1, people)),
      threads: last.threads, descriptors: last.descriptors, descriptorsBefore: before.descriptors,
      descriptorsAfter: after.descriptors)
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
