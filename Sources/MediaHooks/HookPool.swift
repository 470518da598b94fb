internal import Foundation
internal import Glibc
public import Wire

/// Threads that run hooks, and nothing else: what a hook takes is taken from other hooks, never from the relay.
///
/// A thread looks at the packets of its lanes every few milliseconds, and sleeps for good while it has none. It
/// runs where the media threads leave a core idle: where both want one, they have it.
public final class HookPool: Sendable {
  /// How long a packet lies at most before somebody looks at it: a tenth of what a picture may be late.
  static let period: TimeInterval = 0.005

  /// `SCHED_IDLE` (sched(7)): a media thread that wakes has the core at once. One that is merely nicer finishes what it
  /// was given first, which is milliseconds.
  static let idlePolicy: Int32 = 5

  private let threads: [HookThread]

  /// - Parameters:
  ///   - threads: how many; at least one.
  ///   - now: the media plane's clock.
  public init(threads: Int, now: @escaping @Sendable () -> MediaInstant) {
    self.threads = (0..<max(threads, 1)).map { HookThread(index: $0, now: now) }
  }

  deinit { stop() }

  /// Runs a lane on the thread that has the fewest, until the lane is over.
  func add(_ lane: sending any HookLane) {
    threads.min { $0.load < $1.load }?.add(lane)
  }

  /// How many lanes run.
  public var load: Int { threads.reduce(0) { $0 + $1.load } }

  /// Ends all lanes. Does not wait for a hook that is busy.
  public func stop() {
    for thread in threads { thread.stop() }
  }
}

/// What a thread of the pool does for one hook. Confined to that thread once it was added.
protocol HookLane: AnyObject {
  /// Does what there is to do.
  /// - Returns: `false` when it is over: it is not called again.
  func run(now: MediaInstant) -> Bool
  /// The pool stops before it was over.
  func cancel()
}

/// One thread of the pool.
private final class HookThread: @unchecked Sendable {
  private let condition = NSCondition()
  /// Guarded by the condition.
  private var arriving: [any HookLane] = []
  private var running = 0
  private var isStopping = false

  init(index: Int, now: @escaping @Sendable () -> MediaInstant) {
    let thread = Thread { [self] in run(now) }
    thread.name = "hooks-\(index)"
    thread.stackSize = 1 << 20
    thread.start()
  }

  var load: Int { condition.withLock { arriving.count + running } }

  func add(_ lane: sending any HookLane) {
    condition.withLock {
      if isStopping {
        lane.cancel()
      } else {
        arriving.append(lane)
        condition.signal()
      }
    }
  }

  func stop() {
    condition.withLock {
      isStopping = true
      condition.signal()
    }
  }

  private func run(_ now: () -> MediaInstant) {
    // Of this thread alone, on Linux. Without the right to it hooks run as others do.
    var parameters = sched_param()
    _ = sched_setscheduler(0, HookPool.idlePolicy, &parameters)
    var lanes: [any HookLane] = []
    while true {
      condition.lock()
      running = lanes.count
      while arriving.isEmpty, lanes.isEmpty, !isStopping { condition.wait() }
      lanes += arriving
      arriving = []
      running = lanes.count
      let isOver = isStopping
      condition.unlock()
      guard !isOver else {
        for lane in lanes { lane.cancel() }
        return
      }
      lanes.removeAll { !$0.run(now: now()) }
      if !lanes.isEmpty { Thread.sleep(forTimeInterval: HookPool.period) }
    }
  }
}
