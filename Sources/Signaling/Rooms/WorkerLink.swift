internal import MediaEngine
internal import Synchronization
internal import Wire

/// The way from the rooms of one worker to it. Commands keep their order even when the mailbox is
/// full for a while: what does not fit waits here.
final class WorkerLink: Sendable {
  /// Commands that wait; beyond it a worker is taken for dead and commands are dropped.
  static let backlogLimit = 65_536

  var index: Int { handle.index }
  let candidates: [ICECandidate]
  let handle: WorkerHandle
  let socketRefusals: @Sendable () -> [(reason: String, count: UInt64)]
  private let state = Mutex(State())

  private struct State {
    var backlog: [WorkerCommand] = []
    var sent = 0
    var dropped = 0
    var participants = 0
  }

  init(_ worker: MediaWorker) {
    handle = worker.handle
    socketRefusals = worker.socketRefusals
    let port = worker.handle.port
    candidates =
      ICECandidate.hosts(addresses: worker.addresses, port: port)
      + (worker.hasTCP ? ICECandidate.passiveHosts(addresses: worker.addresses, port: port) : [])
  }

  /// False: offers are refused as `busy` until the worker has caught up.
  var isReady: Bool { state.withLock { $0.backlog.isEmpty } }

  var dropped: Int { state.withLock { $0.dropped } }

  /// Why its socket drops what it could have served, had it more time or memory. The other reasons
  /// are the senders' doing: a stranger's datagrams do not make us overloaded.
  private static let ownLosses: Set<String> = ["noSlot", "overflow", "sendBufferFull", "tcpNoSlot"]

  /// Datagrams that it could not take or send since the start.
  var lost: UInt64 {
    socketRefusals().reduce(0) { Self.ownLosses.contains($1.reason) ? $0 &+ $1.count : $0 }
  }

  /// Participants in the rooms of this worker: by this rooms are placed.
  var participants: Int { state.withLock { $0.participants } }

  func countParticipants(_ change: Int) { state.withLock { $0.participants += change } }

  func send(_ commands: [WorkerCommand]) {
    guard !commands.isEmpty else { return }
    state.withLock { state in
      let room = Self.backlogLimit - (state.backlog.count - state.sent)
      state.backlog.append(contentsOf: commands.prefix(max(0, room)))
      state.dropped += commands.count - min(commands.count, max(0, room))
      flush(&state)
    }
  }

  /// Tries again what did not fit.
  func flush() { state.withLock { flush(&$0) } }

  private func flush(_ state: inout State) {
    while state.sent < state.backlog.count, handle.send(state.backlog[state.sent]) {
      state.sent += 1
    }
    if state.sent == state.backlog.count {
      state.backlog.removeAll(keepingCapacity: true)
      state.sent = 0
    } else if state.sent > 1024 {
      state.backlog.removeFirst(state.sent)
      state.sent = 0
    }
  }
}
