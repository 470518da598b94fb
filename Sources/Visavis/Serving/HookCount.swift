internal import MediaHooks
internal import Signaling
internal import Synchronization

/// How many of a kind may run, and what they did not get.
final class HookCount: Sendable {
  private struct State {
    var running: [ObjectIdentifier: any PoolHook] = [:]
    var reserved = 0
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take() -> Bool {
    state.withLock { state in
      guard state.reserved < limit else { return false }
      state.reserved += 1
      return true
    }
  }

  func giveBack() { state.withLock { $0.reserved -= 1 } }

  func add(_ handle: any PoolHook) {
    state.withLock { $0.running[ObjectIdentifier(handle)] = handle }
  }

  /// Once for each that was added.
  func end(_ handle: any PoolHook) {
    handle.end()
    state.withLock { state in
      guard state.running.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
      state.reserved -= 1
      state.dropped &+= handle.dropped
    }
  }

  var dropped: UInt64 {
    state.withLock { state in
      state.running.values.reduce(state.dropped) { $0 &+ $1.dropped }
    }
  }
}

/// A hook that is one of so many until it is ended.
final class CountedHook: RunningHook {
  private let handle: any PoolHook
  private let count: HookCount

  init(_ handle: any PoolHook, _ count: HookCount) {
    (self.handle, self.count) = (handle, count)
    count.add(handle)
  }

  deinit { end() }

  func end() { count.end(handle) }

  var dropped: UInt64 { handle.dropped }
}

/// What the pool hands out for something that it runs.
protocol PoolHook: AnyObject, Sendable {
  func end()
  var dropped: UInt64 { get }
}

extension HookHandle: PoolHook {}

extension BridgeHandle: PoolHook {
  var dropped: UInt64 { counters.dropped }
}
