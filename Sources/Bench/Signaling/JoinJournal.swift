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

  private(set) var entries: [EndpointID: Entry] = [:]
  private var waiting: [EndpointID: CheckedContinuation<Bool, Never>] = [:]
  /// Endpoints that broke after they had been connected.
  private(set) var broken = 0
  private var departed: Set<EndpointID> = []

  /// Writes down what the generators tell, until they end.
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
    if entries[id]?.phases[.dtls] != nil { broken += 1 }
    if entries[id]?.failure == nil { entries[id]?.failure = reason }
  }

  /// Waits until media may flow, or it failed.
  func connected(_ id: EndpointID) async -> Bool {
    if entries[id]?.phases[.dtls] != nil { return true }
    if entries[id]?.failure != nil { return false }
    return await withCheckedContinuation { waiting[id] = $0 }
  }

  /// Forgets what is not needed any more, for runs of hours.
  func forget(_ id: EndpointID) {
    entries[id] = nil
    departed.remove(id)
  }
}
