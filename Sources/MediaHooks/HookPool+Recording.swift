public import MediaEngine
internal import Synchronization
internal import Transcoding
public import Wire

/// A recording of one participant that runs. It goes on until `end`, also when nobody holds this any more.
public final class RecordingHandle: Sendable {
  /// What a track comes from.
  struct Source: Sendable {
    var tap: PacketTap
    var bindings: [PayloadBinding]
    var askKeyframe: @Sendable () -> Void
  }

  struct State: Sendable {
    var sound: Source?
    var pictures: Source?
    var isEnded = false
    /// Packets that taps before these did not take.
    var dropped: UInt64 = 0
    /// Counts changes, so that the lane sees them.
    var version: UInt64 = 0
  }

  private let state = Mutex(State())

  /// The sound comes from here from now on; `nil`: from nowhere.
  public func setSound(_ tap: PacketTap?, bindings: [PayloadBinding]) {
    state.withLock {
      $0.dropped &+= $0.sound?.tap.dropped ?? 0
      $0.sound = tap.map { Source(tap: $0, bindings: bindings) {} }
      $0.version &+= 1
    }
  }

  /// - Parameter askKeyframe: asks the publisher; called on a thread of the pool.
  public func setPictures(
    _ tap: PacketTap?, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) {
    state.withLock {
      $0.dropped &+= $0.pictures?.tap.dropped ?? 0
      $0.pictures = tap.map { Source(tap: $0, bindings: bindings, askKeyframe: askKeyframe) }
      $0.version &+= 1
    }
  }

  /// Packets that did not fit: gaps of the recording.
  public var dropped: UInt64 {
    state.withLock {
      $0.dropped &+ ($0.sound?.tap.dropped ?? 0) &+ ($0.pictures?.tap.dropped ?? 0)
    }
  }

  /// Nothing more is taken; what was is handed on.
  public func end() {
    state.withLock {
      $0.isEnded = true
      $0.version &+= 1
    }
  }

  /// What has changed since a version.
  func changes(since version: UInt64) -> State? {
    state.withLock { $0.version == version ? nil : $0 }
  }
}

extension HookPool {
  /// Records what one participant sends.
  ///
  /// - Parameters:
  ///   - began: 0 of the time line: the same for all participants of one recording.
  ///   - sink: takes the header of the whole file up to there and further contents, on a thread of the pool, which
  ///     it must not hold up.
  ///   - finished: nothing more comes.
  public func record(
    began: MediaInstant,
    to sink: @escaping @Sendable (_ header: [UInt8], _ contents: [UInt8]) -> Void,
    finished: @escaping @Sendable () -> Void
  ) throws(HookFailure) -> RecordingHandle {
    guard load < Self.maximumLanes else { throw .full }
    let handle = RecordingHandle()
    add(RecordingLane(handle, began: began, sink: sink, finished: finished))
    return handle
  }
}

/// Packets of one participant on their way into a file. Decodes nothing.
private final class RecordingLane: HookLane {
  private let handle: RecordingHandle
  private let recording: WebMRecording
  private let sink: @Sendable ([UInt8], [UInt8]) -> Void
  private let finished: @Sendable () -> Void
  private var version: UInt64 = 0
  private var sound: RecordingHandle.Source?
  private var pictures: RecordingHandle.Source?
  private var encodings = EncodingChoice()
  private var dropped: UInt64 = 0
  private var nextQuestion: MediaInstant?
  private var isOver = false

  init(
    _ handle: RecordingHandle, began: MediaInstant,
    sink: @escaping @Sendable ([UInt8], [UInt8]) -> Void,
    finished: @escaping @Sendable () -> Void
  ) {
    (self.handle, self.sink, self.finished) = (handle, sink, finished)
    recording = WebMRecording(began: began)
  }

  func run(now: MediaInstant) -> Bool {
    if let state = handle.changes(since: version) {
      version = state.version
      adopt(state)
      guard !state.isEnded else {
        cancel()
        return false
      }
    }
    takeSound()
    takePictures(now)
    if let piece = recording.run(now: now) { sink(piece.header, piece.body) }
    return true
  }

  func cancel() {
    guard !isOver else { return }
    isOver = true
    if let piece = recording.finish() { sink(piece.header, piece.body) }
    finished()
  }

  private func adopt(_ state: RecordingHandle.State) {
    if state.sound?.tap !== sound?.tap {
      // What has come before the change still counts.
      if !state.isEnded { takeSound() }
      recording.beginSound(state.sound?.bindings)
    }
    if state.pictures?.tap !== pictures?.tap {
      recording.beginPictures(state.pictures?.bindings)
      encodings = EncodingChoice()
      dropped = state.pictures?.tap.dropped ?? 0
      nextQuestion = nil
    }
    (sound, pictures) = (state.sound, state.pictures)
  }

  private func takeSound() {
    sound?.tap.drain(limit: StillImageLane.batch) { report, _ in
      recording.noteSound(report.timestamp, at: report.instant, source: report.source)
    } _: { octets, note in
      recording.receiveSound(octets, arrival: note.arrival)
    }
  }

  private func takePictures(_ now: MediaInstant) {
    guard let pictures else { return }
    if pictures.tap.dropped != dropped {
      dropped = pictures.tap.dropped
      recording.noteOverload()
    }
    pictures.tap.drain(limit: StillImageLane.batch) { report, encoding in
      recording.notePictures(
        report.timestamp, at: report.instant, source: report.source, encoding: encoding)
    } _: { octets, note in
      guard encodings.takes(note.encoding, at: note.arrival) else { return }
      recording.receivePictures(octets, encoding: note.encoding, arrival: note.arrival)
    }
    guard recording.wantsKeyframe, nextQuestion.map({ now >= $0 }) ?? true else { return }
    nextQuestion = now + StillImageLane.keyframeInterval
    pictures.askKeyframe()
  }
}
