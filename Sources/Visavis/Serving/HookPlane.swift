internal import MediaEngine
internal import MediaHooks
internal import MediaIO
internal import Signaling
internal import Synchronization
internal import Wire

/// The threads that decode.
final class HookPlane: StillImageSource, RenditionMaker {
  private let pool: HookPool
  private let renditions: HookCount
  private let seeds = Mutex(SystemRandomNumberGenerator())

  init(_ settings: Settings.Hooks) {
    pool = HookPool(threads: settings.threads, now: SystemClock.now)
    renditions = HookCount(limit: settings.downscale)
  }

  func still(
    from tap: PacketTap, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) async throws(StillImageRefusal) -> [UInt8] {
    do throws(HookFailure) {
      return try await pool.still(from: tap, bindings: bindings, askKeyframe: askKeyframe).octets
    } catch {
      throw switch error {
      case .codec: .codec
      case .full: .busy
      case .noPicture, .encoding, .cancelled: .noPicture
      }
    }
  }

  func begin(
    from tap: PacketTap, into feed: PacketFeed, bindings: [PayloadBinding],
    askKeyframe: @escaping @Sendable () -> Void
  ) throws(RenditionRefusal) -> any RunningHook {
    guard renditions.take() else { throw .busy }
    do throws(HookFailure) {
      let handle = try pool.downscale(
        from: tap, into: feed, bindings: bindings, seed: seeds.withLock { $0.next() },
        askKeyframe: askKeyframe)
      return CountedHook(handle, renditions)
    } catch {
      renditions.giveBack()
      throw error == .codec ? .codec : .busy
    }
  }

  func stop() { pool.stop() }
}

/// How many of a kind may run.
private final class HookCount: Sendable {
  private let running = Mutex(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take() -> Bool {
    running.withLock { running in
      guard running < limit else { return false }
      running += 1
      return true
    }
  }

  func giveBack() { running.withLock { $0 -= 1 } }
}

/// A hook that is one of so many until it is ended.
private final class CountedHook: RunningHook {
  private let handle: HookHandle
  private let count: HookCount
  private let hasEnded = Mutex(false)

  init(_ handle: HookHandle, _ count: HookCount) { (self.handle, self.count) = (handle, count) }

  deinit { end() }

  func end() {
    handle.end()
    let isFirst = hasEnded.withLock { ended in
      defer { ended = true }
      return !ended
    }
    if isFirst { count.giveBack() }
  }

  var dropped: UInt64 { handle.dropped }
}

extension HookPlane: RecordingSource {
  func record(
    began: MediaInstant,
    to sink: @escaping @Sendable (_ header: [UInt8], _ contents: [UInt8]) -> Void,
    finished: @escaping @Sendable () -> Void
  ) throws(RecordingRefusal) -> any ParticipantRecorder {
    do throws(HookFailure) {
      return Recorder(
        handle: try pool.record(began: began, to: sink, finished: finished))
    } catch {
      throw RecordingRefusal()
    }
  }
}

private struct Recorder: ParticipantRecorder {
  let handle: RecordingHandle

  func setSound(_ tap: PacketTap?, bindings: [PayloadBinding]) {
    handle.setSound(tap, bindings: bindings)
  }

  func setPictures(
    _ tap: PacketTap?, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) {
    handle.setPictures(tap, bindings: bindings, askKeyframe: askKeyframe)
  }

  func end() { handle.end() }
}
