internal import Synchronization

/// Commands on their way to a worker: the only thing that threads share with it. Bounded; a full
/// mailbox refuses.
public final class WorkerMailbox: Sendable {
  private struct State {
    var commands: [WorkerCommand] = []
    /// Woken and not drained since: no second wake-up is needed.
    var isWoken = false
    var wake: (@Sendable () -> Void)?
    var refused: UInt64 = 0
  }

  public let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: commands that wait at most.
  public init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  /// What rouses the worker's thread. Called outside the lock, on the thread of whoever posts; at
  /// once when commands wait already.
  public func setWake(_ wake: (@Sendable () -> Void)?) {
    let call = state.withLock { state -> (@Sendable () -> Void)? in
      state.wake = wake
      guard !state.commands.isEmpty else { return nil }
      state.isWoken = wake != nil
      return wake
    }
    call?()
  }

  /// - Returns: `false` when the mailbox is full; the command is lost.
  @discardableResult
  public func post(_ command: WorkerCommand) -> Bool {
    let (posted, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
      guard state.commands.count < capacity else {
        state.refused &+= 1
        return (false, nil)
      }
      state.commands.append(command)
      guard !state.isWoken, let wake = state.wake else { return (true, nil) }
      state.isWoken = true
      return (true, wake)
    }
    wake?()
    return posted
  }

  /// Moves all commands to `commands`, which must be empty: the two arrays change places, so that
  /// neither side allocates once they have grown.
  public func drain(into commands: inout [WorkerCommand]) {
    precondition(commands.isEmpty)
    // The closure may not capture `commands`: it is exchanged through a local.
    var exchanged: [WorkerCommand] = []
    swap(&exchanged, &commands)
    exchanged = state.withLock { [exchanged] state in
      let full = state.commands
      state.commands = exchanged
      state.isWoken = false
      return full
    }
    swap(&exchanged, &commands)
  }

  /// Commands that a full mailbox refused, since the beginning.
  public var refused: UInt64 { state.withLock { $0.refused } }
}
