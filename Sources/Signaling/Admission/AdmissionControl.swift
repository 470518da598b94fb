internal import MediaEngine
internal import Synchronization
internal import Wire

/// Who may come in now. A server that is as full as its operator allows, or whose media workers have
/// no room for more, says so to who is outside, before those who are inside suffer. Who comes back
/// is let in whatever the load.
final class AdmissionControl: Sendable {
  /// When who was refused should ask again, seconds.
  static let retryAfter = 5

  enum Refusal: Equatable, Sendable {
    /// As many are here as the configuration allows.
    case limit
    /// The worker of the consultation, or every worker, is at its limit.
    case load
  }

  private struct Worker {
    var gate: LoadGate
    var busy = MediaDuration.zero
    var lost: UInt64 = 0
    var lastLook: MediaInstant?
  }

  private struct State {
    var present = 0
    var workers: [Int: Worker] = [:]
  }

  /// Participants of the whole server; `nil`: as many as the workers have room for.
  let limit: Int?
  private let load: Double
  private let state = Mutex(State())

  /// - Parameter load: share of a worker's time, 0...1; from 1 on the load is not looked at.
  init(limit: Int?, load: Double) {
    self.limit = limit
    self.load = load
  }

  // MARK: Coming and going

  /// Takes a place for a participant; `giveBack` ends that.
  ///
  /// - Parameters:
  ///   - isReturning: was here and has only lost the connection.
  ///   - isLoadTest: is to find out what a worker bears, and comes in whatever it bears.
  func take(on worker: Int, isReturning: Bool, isLoadTest: Bool) -> Refusal? {
    state.withLock { state in
      if !isReturning {
        if let limit, state.present >= limit { return .limit }
        if !isLoadTest, state.workers[worker]?.gate.isOpen == false { return .load }
      }
      state.present += 1
      return nil
    }
  }

  func giveBack() { state.withLock { $0.present -= 1 } }

  // MARK: Watching

  /// How a worker has fared since the last look. To be called about once a second.
  ///
  /// - Parameters:
  ///   - busy: its time at work since the start.
  ///   - lost: datagrams that it could not take or keep since the start.
  ///   - isReady: it takes what it is told.
  func look(
    at worker: Int, busy: MediaDuration, lost: UInt64, isReady: Bool, at now: MediaInstant
  ) {
    state.withLock { state in
      var one = state.workers[worker] ?? Worker(gate: LoadGate(limit: load))
      defer { state.workers[worker] = one }
      if let last = one.lastLook {
        let span = (now - last).seconds
        guard span >= 0.5 else { return }
        one.gate.note(
          load: isReady ? (busy - one.busy).seconds / span : 1,
          lost: lost >= one.lost ? lost - one.lost : 0)
      }
      (one.busy, one.lost, one.lastLook) = (busy, lost, now)
    }
  }

  /// Whether a worker has room for more.
  func isOpen(_ worker: Int) -> Bool {
    state.withLock { $0.workers[worker]?.gate.isOpen ?? true }
  }

  /// Why nobody new comes in anywhere; `nil`: somebody does.
  var closed: Refusal? {
    state.withLock { state in
      if let limit, state.present >= limit { return .limit }
      let isFull = !state.workers.isEmpty && state.workers.values.allSatisfy { !$0.gate.isOpen }
      return isFull ? .load : nil
    }
  }
}

extension AdmissionControl.Refusal {
  /// As `/health/ready`, the operations page and `/metrics` say it.
  var name: String {
    switch self {
    case .limit: "full"
    case .load: "overloaded"
    }
  }
}

extension JoinRefusal {
  init(_ refusal: AdmissionControl.Refusal) {
    let why =
      switch refusal {
      case .limit: "as many participants are on this server as may be"
      case .load: "this server is at its limit, and serves those who are inside first"
      }
    self.init(
      .busy, "\(why): try again in \(AdmissionControl.retryAfter) s", close: nil)
    error.retryAfter = AdmissionControl.retryAfter
  }
}
