internal import Congestion
internal import MediaHooks
internal import Signaling
internal import Synchronization

/// The mixes for narrow paths that run, and what they did not get.
final class VoiceMixes: Sendable {
  private struct State {
    var running: [ObjectIdentifier: BridgeHandle] = [:]
    var reserved = 0
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())
  private let limit: Int

  /// - Parameter limit: how many run at one time.
  init(limit: Int) { self.limit = limit }

  func begin(
    _ make: () throws(HookFailure) -> BridgeHandle
  ) throws(HookFailure) -> any RunningVoiceMix {
    let isFree = state.withLock { state in
      guard state.reserved < limit else { return false }
      state.reserved += 1
      return true
    }
    guard isFree else { throw .full }
    do throws(HookFailure) {
      let handle = try make()
      state.withLock { $0.running[ObjectIdentifier(handle)] = handle }
      return Mix(handle, self)
    } catch {
      state.withLock { $0.reserved -= 1 }
      throw error
    }
  }

  /// Packets that all of them did not get.
  var dropped: UInt64 {
    state.withLock { state in
      state.running.values.reduce(state.dropped) { $0 &+ $1.counters.dropped }
    }
  }

  /// Once for each that was begun.
  private func end(_ handle: BridgeHandle) {
    handle.end()
    state.withLock { state in
      guard state.running.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
      state.reserved -= 1
      state.dropped &+= handle.counters.dropped
    }
  }

  private final class Mix: RunningVoiceMix {
    private let handle: BridgeHandle
    private let mixes: VoiceMixes

    init(_ handle: BridgeHandle, _ mixes: VoiceMixes) {
      (self.handle, self.mixes) = (handle, mixes)
    }

    deinit { end() }

    func hear(_ voices: [BridgeVoice]) {
      handle.hear(voices.map { .init(tap: $0.tap, bindings: $0.bindings) })
    }

    func setRate(_ rate: SoundRate) { handle.setRate(BridgeRate(rate)) }

    func end() { mixes.end(handle) }

    var dropped: UInt64 { handle.counters.dropped }
  }
}

extension BridgeRate {
  /// What an encoder of a publisher would be asked for.
  init(_ rate: SoundRate) { self.init(bitrate: rate.bitrate, frames: rate.packetTime / 20) }
}
