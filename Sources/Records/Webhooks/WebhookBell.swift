internal import Synchronization

/// Wakes the dispatcher when there is something to send. A ring before the wait counts.
final class WebhookBell: Sendable {
  private struct State {
    var isRung = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring() {
    let waiting = state.withLock { state in
      let waiting = state.waiting
      state.waiting = nil
      state.isRung = waiting == nil
      return waiting
    }
    waiting?.resume()
  }

  /// Until it rings, the time is over or the task is cancelled. For one waiter.
  func wait(upTo limit: Duration) async {
    let alarm = Task {
      if (try? await Task.sleep(for: limit)) != nil { ring() }
    }
    defer { alarm.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isRung || Task.isCancelled {
            state.isRung = false
            return true
          }
          state.waiting = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      ring()
    }
  }
}
