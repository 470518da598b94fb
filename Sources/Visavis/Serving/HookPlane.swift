internal import MediaEngine
internal import MediaHooks
internal import MediaIO
internal import Quality
internal import Signaling
internal import Synchronization
internal import Transcoding
internal import Wire

/// The threads that decode.
final class HookPlane: StillImageSource, RenditionMaker, LoudnessMeter {
  /// Microphones that are measured at one time: they leave room for what is asked for, of the 32 hooks that may run.
  private static let measurementLimit = 16
  /// Recordings that are put together at one time: each holds up the hooks of its thread for milliseconds.
  private static let mixLimit = 4

  let pool: HookPool
  private let renditions: HookCount
  private let measurements = HookCount(limit: HookPlane.measurementLimit)
  private let mixes = HookCount(limit: HookPlane.mixLimit)
  let voiceMixes: HookCount
  private let recorders = Recorders()
  /// Packets that hooks which have ended did not get.
  private let dropped = Atomic<UInt64>(0)
  let seeds = Mutex(SystemRandomNumberGenerator())

  init(_ settings: Settings.Hooks) {
    pool = HookPool(threads: settings.threads, now: SystemClock.now)
    renditions = HookCount(limit: settings.downscale)
    voiceMixes = HookCount(limit: settings.mix)
  }

  func still(
    from tap: PacketTap, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) async throws(StillImageRefusal) -> [UInt8] {
    defer { dropped.add(tap.dropped, ordering: .relaxed) }
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

  func measure(
    _ tap: PacketTap, bindings: [PayloadBinding]
  ) throws(LoudnessRefusal) -> any RunningMeasurement {
    guard measurements.take() else { throw .busy }
    do throws(HookFailure) {
      let handle = try pool.measure(tap, bindings: bindings)
      return Measurement(handle: handle, hook: CountedHook(handle.hook, measurements))
    } catch {
      measurements.giveBack()
      throw error == .codec ? .codec : .busy
    }
  }

  var figures: HookFigures {
    HookFigures(
      running: pool.load,
      dropped: dropped.load(ordering: .relaxed) &+ renditions.dropped &+ measurements.dropped
        &+ recorders.dropped &+ voiceMixes.dropped)
  }

  func stop() { pool.stop() }
}

/// One of so many until nobody holds it any more: who fetches may hang up.
private final class Turn: Sendable {
  private let count: HookCount

  init(_ count: HookCount) { self.count = count }

  deinit { count.giveBack() }
}

private struct Measurement: RunningMeasurement {
  let handle: LoudnessHandle
  let hook: CountedHook

  var heard: HeardSample? {
    handle.figures.map {
      HeardSample(
        frames: $0.frames, loudness: $0.momentary, truePeak: $0.truePeak, clipped: $0.clipped)
    }
  }

  func end() { hook.end() }

  var dropped: UInt64 { hook.dropped }
}

extension HookPlane: RecordingSource {
  func mix(
    _ files: [RecordedContent]
  ) throws(RecordingRefusal) -> @Sendable () async throws -> [UInt8]? {
    guard mixes.take() else { throw RecordingRefusal() }
    let turn = Turn(mixes)
    do throws(HookFailure) {
      let next = try pool.mix(files.map { ($0.name, $0.next) })
      return {
        defer { withExtendedLifetime(turn) {} }
        return try await next()
      }
    } catch {
      throw RecordingRefusal()
    }
  }

  func record(
    began: MediaInstant,
    to sink: @escaping @Sendable (_ header: [UInt8], _ contents: [UInt8]) -> Void,
    finished: @escaping @Sendable () -> Void
  ) throws(RecordingRefusal) -> any ParticipantRecorder {
    do throws(HookFailure) {
      let handle = try pool.record(began: began, to: sink, finished: finished)
      recorders.add(handle)
      return Recorder(handle: handle, recorders: recorders)
    } catch {
      throw RecordingRefusal()
    }
  }
}

/// What running recordings, and those before, did not get.
private final class Recorders: Sendable {
  private struct State {
    var running: [ObjectIdentifier: RecordingHandle] = [:]
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())

  func add(_ handle: RecordingHandle) {
    state.withLock { $0.running[ObjectIdentifier(handle)] = handle }
  }

  func end(_ handle: RecordingHandle) {
    state.withLock {
      guard $0.running.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
      $0.dropped &+= handle.dropped
    }
  }

  var dropped: UInt64 {
    state.withLock { state in state.running.values.reduce(state.dropped) { $0 &+ $1.dropped } }
  }
}

private struct Recorder: ParticipantRecorder {
  let handle: RecordingHandle
  let recorders: Recorders

  func setSound(_ tap: PacketTap?, bindings: [PayloadBinding]) {
    handle.setSound(tap, bindings: bindings)
  }

  func setPictures(
    _ tap: PacketTap?, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) {
    handle.setPictures(tap, bindings: bindings, askKeyframe: askKeyframe)
  }

  func end() {
    handle.end()
    recorders.end(handle)
  }
}
