internal import MediaEngine
internal import Synchronization
internal import Transcoding
internal import Wire

/// One picture out of a publication: decodes it until the picture is there, then makes a file of it.
final class StillImageLane: HookLane {
  /// Packets of one turn: a lane does not keep others waiting.
  static let batch = 128
  /// A keyframe comes within a round trip and an encoder's pause; with the second in which it becomes sharp.
  static let patience = MediaDuration.seconds(6)
  static let keyframeInterval = MediaDuration.milliseconds(500)

  private let request: HookPool.StillRequest
  private let hook: StillImageHook
  private let runner: VideoHookRunner
  private var encodings = EncodingChoice()
  private var dropped: UInt64
  private var began: MediaInstant?
  private var nextQuestion: MediaInstant?
  private var isOver = false
  private let finish: @Sendable (Result<StillImage, HookFailure>) -> Void

  init(
    _ request: HookPool.StillRequest,
    finish: @escaping @Sendable (Result<StillImage, HookFailure>) -> Void
  ) throws(CodecError) {
    self.request = request
    self.finish = finish
    hook = StillImageHook()
    runner = try VideoHookRunner(hook: hook, bindings: request.bindings)
    dropped = request.tap.dropped
  }

  func run(now: MediaInstant) -> Bool {
    let start = began ?? now
    began = start
    guard !request.isCancelled else { return end(.failure(.cancelled)) }
    if request.tap.dropped != dropped {
      dropped = request.tap.dropped
      runner.noteOverload()
    }
    request.tap.drain(limit: Self.batch) { octets, note in
      guard encodings.takes(note.encoding, at: note.arrival) else { return }
      _ = runner.receive(octets, now: now)
    }
    let isLate = now - start >= Self.patience
    if hook.isDone || isLate {
      guard let picture = hook.latest else { return end(.failure(.noPicture)) }
      guard let octets = picture.png() else { return end(.failure(.encoding)) }
      return end(
        .success(StillImage(octets: octets, width: picture.width, height: picture.height)))
    }
    if runner.wantsKeyframe, nextQuestion.map({ now >= $0 }) ?? true {
      nextQuestion = now + Self.keyframeInterval
      request.askKeyframe()
    }
    return true
  }

  func cancel() { _ = end(.failure(.cancelled)) }

  private func end(_ result: Result<StillImage, HookFailure>) -> Bool {
    if !isOver { finish(result) }
    isOver = true
    return false
  }
}

/// Of the encodings of a simulcast publication the largest that runs. Each is a stream of its own.
struct EncodingChoice {
  /// So long a larger one may be silent before a smaller one is taken.
  static let patience = MediaDuration.seconds(1)

  private var current: UInt8 = 0
  private var lastSeen: MediaInstant?

  mutating func takes(_ encoding: UInt8, at arrival: MediaInstant) -> Bool {
    let isGone = lastSeen.map { arrival - $0 > Self.patience } ?? true
    guard encoding >= current || isGone else { return false }
    current = encoding
    lastSeen = arrival
    return true
  }
}
