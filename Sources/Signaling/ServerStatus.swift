internal import MediaEngine
internal import Synchronization

/// How the server does as a whole: what the workers last told, and whether it is going down.
final class ServerStatus: Sendable {
  private struct State {
    var workers: [Int: WorkerStatistics] = [:]
    var isShuttingDown = false
    var waiting: [Int: AsyncStream<Int>.Continuation] = [:]
    var lastWaiting = 0
  }

  private let links: [WorkerLink]
  private let state = Mutex(State())

  init(workers: [WorkerLink]) { links = workers }

  var isShuttingDown: Bool { state.withLock { $0.isShuttingDown } }

  func shutDown() { state.withLock { $0.isShuttingDown = true } }

  /// What the socket of each worker dropped.
  var sockets: [MetricsPage.SocketRefusals] {
    links.map { MetricsPage.SocketRefusals(worker: $0.index, counts: $0.socketRefusals()) }
  }

  /// How long the turns of each worker took.
  var turns: [(worker: Int, figures: TurnLoad.Figures)] {
    links.map { ($0.index, $0.handle.load.figures) }
  }

  var workersAreReady: Bool { links.allSatisfy(\.isReady) }

  /// The last statistics of each worker, by its index.
  var workers: [(index: Int, statistics: WorkerStatistics)] {
    state.withLock { state in
      state.workers.map { (index: $0.key, statistics: $0.value) }.sorted { $0.index < $1.index }
    }
  }

  func update(_ worker: Int, _ statistics: WorkerStatistics) {
    let waiting = state.withLock { state in
      state.workers[worker] = statistics
      return Array(state.waiting.values)
    }
    for continuation in waiting { continuation.yield(worker) }
  }

  /// Asks the workers for new numbers; returns when all have told, or after a moment: a worker
  /// under load answers late, and the last numbers serve.
  func refresh(within limit: Duration = .milliseconds(300)) async {
    let (updates, continuation) = AsyncStream.makeStream(of: Int.self)
    let number = state.withLock { state in
      state.lastWaiting += 1
      state.waiting[state.lastWaiting] = continuation
      return state.lastWaiting
    }
    for link in links { link.send([.collectStatistics]) }
    let expected = Set(links.map(\.index))
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        var missing = expected
        for await worker in updates {
          missing.remove(worker)
          if missing.isEmpty { return }
        }
      }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
    _ = state.withLock { $0.waiting.removeValue(forKey: number) }
    continuation.finish()
  }
}
