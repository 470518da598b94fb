public import MediaEngine
internal import Synchronization
public import Transcoding
public import Wire

/// A hook that runs. It goes on until `end`, also when nobody holds this any more.
public final class HookHandle: Sendable {
  private let ended = Atomic<Bool>(false)
  private let tap: PacketTap

  init(_ tap: PacketTap) { self.tap = tap }

  /// Within one period of the pool the hook gets nothing any more. A frame that it is busy with it finishes.
  public func end() { ended.store(true, ordering: .relaxed) }

  /// Packets that the hook did not get because it was too slow.
  public var dropped: UInt64 { tap.dropped }

  var isEnded: Bool { ended.load(ordering: .relaxed) }
}

extension HookPool {
  /// Runs a hook on the sound of a publication.
  ///
  /// - Parameters:
  ///   - hook: the pool's from now on.
  ///   - channels: that the hook gets, 1 or 2.
  ///   - tap: gets the publication's packets.
  ///   - bindings: payload types of the publisher.
  public func run(
    _ hook: sending any AudioHook, channels: Int, on tap: PacketTap, bindings: [PayloadBinding]
  ) throws(HookFailure) -> HookHandle {
    guard bindings.contains(where: { $0.codec == .opus }) else { throw .codec }
    guard load < Self.maximumLanes else { throw .full }
    let handle = HookHandle(tap)
    let runner: AudioHookRunner
    do throws(CodecError) {
      runner = try AudioHookRunner(hook: hook, bindings: bindings, channels: channels)
    } catch {
      throw .codec
    }
    add(AudioLane(runner, tap, handle))
    return handle
  }

  /// Runs a hook on the pictures of a publication.
  ///
  /// - Parameter askKeyframe: asks the publisher; called on a thread of the pool.
  public func run(
    _ hook: sending any VideoHook, on tap: PacketTap, bindings: [PayloadBinding],
    askKeyframe: @escaping @Sendable () -> Void
  ) throws(HookFailure) -> HookHandle {
    guard bindings.contains(where: { $0.codec == .vp8 }) else { throw .codec }
    guard load < Self.maximumLanes else { throw .full }
    let handle = HookHandle(tap)
    let runner: VideoHookRunner
    do throws(CodecError) {
      runner = try VideoHookRunner(hook: hook, bindings: bindings)
    } catch {
      throw .codec
    }
    add(VideoLane(runner, tap, handle, askKeyframe))
    return handle
  }
}

/// Sound of one publication for one hook.
private final class AudioLane: HookLane {
  private let runner: AudioHookRunner
  private let tap: PacketTap
  private let handle: HookHandle
  private var dropped: UInt64

  init(_ runner: AudioHookRunner, _ tap: PacketTap, _ handle: HookHandle) {
    (self.runner, self.tap, self.handle) = (runner, tap, handle)
    dropped = tap.dropped
  }

  func run(now: MediaInstant) -> Bool {
    guard !handle.isEnded else { return false }
    if tap.dropped != dropped {
      dropped = tap.dropped
      runner.noteOverload()
    }
    tap.drain(limit: StillImageLane.batch) { octets, note in
      runner.receive(octets, now: note.arrival)
    }
    _ = runner.run(now: now)
    return true
  }

  func cancel() {}
}

/// Pictures of one publication for one hook.
private final class VideoLane: HookLane {
  private let runner: VideoHookRunner
  private let tap: PacketTap
  private let handle: HookHandle
  private let askKeyframe: @Sendable () -> Void
  private var encodings = EncodingChoice()
  private var dropped: UInt64
  private var nextQuestion: MediaInstant?

  init(
    _ runner: VideoHookRunner, _ tap: PacketTap, _ handle: HookHandle,
    _ askKeyframe: @escaping @Sendable () -> Void
  ) {
    (self.runner, self.tap, self.handle, self.askKeyframe) = (runner, tap, handle, askKeyframe)
    dropped = tap.dropped
  }

  func run(now: MediaInstant) -> Bool {
    guard !handle.isEnded else { return false }
    if tap.dropped != dropped {
      dropped = tap.dropped
      runner.noteOverload()
    }
    tap.drain(limit: StillImageLane.batch) { octets, note in
      guard encodings.takes(note.encoding, at: note.arrival) else { return }
      _ = runner.receive(octets, now: now)
    }
    if runner.wantsKeyframe, nextQuestion.map({ now >= $0 }) ?? true {
      nextQuestion = now + StillImageLane.keyframeInterval
      askKeyframe()
    }
    return true
  }

  func cancel() {}
}
