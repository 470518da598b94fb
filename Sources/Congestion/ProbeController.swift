internal import Wire

/// When to probe, and how high (later practice; the draft only grows by 8 % a second).
///
/// - at the start at 3 times the start rate, and when that came through at 6 times;
/// - whenever a probe showed more than 0.7 of its rate, at once at twice the result, until the
///   demand is covered or a probe fails;
/// - in the application limited region, where the estimate cannot grow by itself, every 5 s at twice
///   the estimate;
/// - when feedback is heard again after a silence, at the rate before it;
/// - while the demand is not covered and the path has been quiet for 3 s (recovery), at twice the
///   estimate, first after 3 s, then rarer: a probe that found nothing doubles the wait up to 8 s,
///   unless the estimate has grown by a quarter since, as it does not on a path that did not change.
///
/// Deviations: one cluster at a time and none while a queue stands, since a patient's path of
/// 100 kbit/s takes a tenth of a second to carry 10 kbit; packets of a cluster may be small; no
/// probe beyond 1.2 times what could be sent at all.
struct ProbeController {
  struct Input {
    var estimate: Double
    /// What could be sent if the path carried it, bits/s.
    var demand: Double
    var limitedSince: MediaInstant?
    /// Over-use, a standing queue or a loss limit, last.
    var lastTrouble: MediaInstant?
    var roundTrip: MediaDuration
    /// How far delays lie apart.
    var spread: MediaDuration
  }

  private enum State {
    case start
    case idle
    case waiting(ProbeCluster, until: MediaInstant, furtherAt: Double)
  }

  private let settings: ProbeSettings
  private var state = State.start
  private var lastID = ProbeCluster.ID.none
  private var lastProbe: MediaInstant?
  private var lastEstimate = 0.0
  private var interval: MediaDuration
  private(set) var clusters: UInt64 = 0

  init(_ settings: ProbeSettings) {
    self.settings = settings
    interval = settings.recoveryInterval
  }

  var isAtStart: Bool { if case .start = state { true } else { false } }

  /// The first cluster has no result yet.
  var isFirstPending: Bool {
    switch state {
    case .start: true
    case .idle: false
    case .waiting(let cluster, _, _): cluster.id.rawValue == 1 && clusters == 1
    }
  }

  /// When `update` should be called again at the latest; `nil` = with the next feedback.
  var deadline: MediaInstant? {
    if case .waiting(_, let until, _) = state { return until }
    return nil
  }

  /// A probe to send now, if it is time.
  mutating func update(_ input: Input, at now: MediaInstant) -> ProbeCluster? {
    switch state {
    case .waiting(_, let until, _):
      guard now >= until else { return nil }
      // Its feedback was lost, or it was never sent: it found nothing out.
      state = .idle
      return nil
    case .start:
      let scale = settings.secondFactor / settings.firstFactor
      return begin(
        rate: input.estimate * settings.firstFactor, input, at: now, furtherFactor: scale)
    case .idle:
      guard input.estimate < input.demand, isQuiet(input, at: now) else { return nil }
      let since = now - (lastProbe ?? now)
      let isDue =
        if let limited = input.limitedSince {
          now - limited >= settings.recoveryInterval && since >= settings.limitedInterval
        } else {
          since >= interval
            || since >= settings.recoveryInterval
              && input.estimate >= lastEstimate * settings.growth
        }
      guard isDue else { return nil }
      return begin(rate: input.estimate * settings.furtherFactor, input, at: now)
    }
  }

  /// The cluster's result, `nil` when it has none.
  mutating func completed(_ result: Double?, _ input: Input, at now: MediaInstant) -> ProbeCluster?
  {
    guard case .waiting(let cluster, _, let furtherAt) = state else { return nil }
    guard let result else {
      // Too little of it arrived to say anything: losses, not a limit.
      state = .idle
      return nil
    }
    guard result > input.estimate * 1.05 else {
      failed()
      return nil
    }
    state = .idle
    interval = settings.recoveryInterval
    guard result >= Double(cluster.rate) * settings.furtherShare, result < input.demand else {
      return nil
    }
    return begin(rate: max(result * settings.furtherFactor, furtherAt), input, at: now)
  }

  /// The path showed that it does not carry what runs: no further probe until it was quiet.
  mutating func abort() {
    if case .waiting = state { state = .idle }
  }

  /// A probe at a rate that was possible not long ago.
  mutating func retry(rate: Double, _ input: Input, at now: MediaInstant) -> ProbeCluster? {
    begin(rate: rate, input, at: now)
  }

  /// The path is another one: as at the start.
  mutating func restart() {
    state = .start
    interval = settings.recoveryInterval
  }

  private func isQuiet(_ input: Input, at now: MediaInstant) -> Bool {
    guard let trouble = input.lastTrouble else { return true }
    return now - trouble >= settings.quiet
  }

  private mutating func failed() {
    state = .idle
    interval = min(interval * 2, settings.longestInterval)
  }

  private mutating func begin(
    rate: Double, _ input: Input, at now: MediaInstant, furtherFactor: Double? = nil
  ) -> ProbeCluster? {
    let rate = min(rate, input.demand * settings.demandFactor)
    guard rate > input.estimate * 1.05, rate < 1e10 else {
      state = .idle
      lastProbe = lastProbe ?? now
      return nil
    }
    lastID = lastID.next
    // Jitter drowns what is shorter than it.
    let duration = max(settings.duration, min(input.spread * 2, settings.longestDuration))
    let cluster = ProbeCluster(
      id: lastID, rate: Int(rate), minimumPackets: settings.minimumPackets,
      minimumOctets: Int(rate * duration.seconds / 8))
    let further = furtherFactor.map { rate * $0 } ?? 0
    state = .waiting(
      cluster, until: now + settings.resultTimeout + input.roundTrip, furtherAt: further)
    lastProbe = now
    lastEstimate = input.estimate
    clusters &+= 1
    return cluster
  }
}
