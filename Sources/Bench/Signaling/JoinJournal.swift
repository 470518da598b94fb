internal import Wire

/// When each endpoint reached what.
actor JoinJournal {
  struct Entry: Sendable {
    var started: MediaInstant
    var signaled: MediaInstant?
    var phases: [EndpointPhase: MediaInstant] = [:]
    /// Whether others of the room already sent when it began: only then the first packet says
    /// something about the server.
    var expectsMedia: Bool
    var failure: String?
  }

  private var entries: [EndpointID: Entry] = [:]
  private var waiting: [EndpointID: CheckedContinuation<Bool, Never>] = [:]
  private var departed: Set<EndpointID> = []
  /// Reasons of those that broke after they had been connected, and how often.
  private var broken: [String: Int] = [:]

  /// Writes down what the generator tells, until it ends.
  func follow(_ events: AsyncStream<EndpointEvent>) async {
    for await event in events {
      switch event {
      case .reached(let id, let phase, let at): reached(id, phase, at)
      case .failed(let id, let reason): failed(id, reason.rawValue)
      }
    }
  }

  func began(_ id: EndpointID, at: MediaInstant, expectsMedia: Bool) {
    entries[id] = Entry(started: at, expectsMedia: expectsMedia)
  }

  func signaled(_ id: EndpointID, at: MediaInstant) { entries[id]?.signaled = at }

  /// From now on its end is no failure.
  func departing(_ id: EndpointID) { departed.insert(id) }

  private func reached(_ id: EndpointID, _ phase: EndpointPhase, _ at: MediaInstant) {
    entries[id]?.phases[phase] = at
    if phase == .dtls { waiting.removeValue(forKey: id)?.resume(returning: true) }
  }

  func failed(_ id: EndpointID, _ reason: String) {
    waiting.removeValue(forKey: id)?.resume(returning: false)
    guard !departed.contains(id) else { return }
    guard let entry = entries[id], entry.phases[.dtls] == nil else {
      broken[reason, default: 0] += 1
      return
    }
    if entry.failure == nil { entries[id]?.failure = reason }
  }

  /// Waits until media may flow, or it failed.
  func connected(_ id: EndpointID) async -> Bool {
    if entries[id]?.phases[.dtls] != nil { return true }
    guard let entry = entries[id], entry.failure == nil else { return false }
    return await withCheckedContinuation { waiting[id] = $0 }
  }

  /// Everyone who began since the last call, and forgets them.
  func take() -> JoinStatistics {
    var statistics = JoinStatistics()
    for entry in entries.values { statistics.add(entry) }
    statistics.broken = broken.values.reduce(0, +)
    statistics.failures.merge(broken) { $0 + $1 }
    broken = [:]
    entries = [:]
    departed = []
    return statistics
  }
}

/// How joining went for many.
struct JoinStatistics: Sendable {
  var attempted = 0
  var connected = 0
  var broken = 0
  var failures: [String: Int] = [:]
  var signaling = LatencyHistogram()
  var ice = LatencyHistogram()
  var dtls = LatencyHistogram()
  var connect = LatencyHistogram()
  var firstPacket = LatencyHistogram()
  var firstKeyframe = LatencyHistogram()

  mutating func add(_ entry: JoinJournal.Entry) {
    attempted += 1
    if let failure = entry.failure { failures[failure, default: 0] += 1 }
    guard let signaled = entry.signaled else { return }
    signaling.record((signaled - entry.started).nanoseconds)
    guard let nominated = entry.phases[.ice] else { return }
    ice.record((nominated - signaled).nanoseconds)
    guard let keyed = entry.phases[.dtls] else { return }
    dtls.record((keyed - nominated).nanoseconds)
    connect.record((keyed - entry.started).nanoseconds)
    connected += 1
    guard entry.expectsMedia else { return }
    if let at = entry.phases[.firstPacket] {
      firstPacket.record((at - entry.started).nanoseconds)
    }
    if let at = entry.phases[.firstKeyframe] {
      firstKeyframe.record((at - entry.started).nanoseconds)
    }
  }

  mutating func add(_ other: JoinStatistics) {
    attempted += other.attempted
    connected += other.connected
    broken += other.broken
    failures.merge(other.failures) { $0 + $1 }
    signaling.add(other.signaling)
    ice.add(other.ice)
    dtls.add(other.dtls)
    connect.add(other.connect)
    firstPacket.add(other.firstPacket)
    firstKeyframe.add(other.firstKeyframe)
  }

  var report: LoadReport.Joins {
    LoadReport.Joins(
      attempted: attempted, connected: connected, failures: failures, broken: broken,
      signaling: .init(signaling), ice: .init(ice), dtls: .init(dtls), connect: .init(connect),
      firstPacket: .init(firstPacket), firstKeyframe: .init(firstKeyframe))
  }
}
