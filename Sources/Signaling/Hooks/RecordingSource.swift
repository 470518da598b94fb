public import MediaEngine
public import Wire

/// Who makes files of what participants send, as signaling is given it.
public protocol RecordingSource: Sendable {
  /// Begins the recording of one participant; see `ParticipantRecorder`.
  ///
  /// - Parameters:
  ///   - began: 0 of the time line: the same for all participants of one recording.
  ///   - sink: takes, about twice a second, the header of the whole file up to there and what comes behind it. It
  ///     returns at once.
  ///   - finished: nothing more comes.
  func record(
    began: MediaInstant,
    to sink: @escaping @Sendable (_ header: [UInt8], _ contents: [UInt8]) -> Void,
    finished: @escaping @Sendable () -> Void
  ) throws(RecordingRefusal) -> any ParticipantRecorder
}

/// One participant's voice and one picture, into one file.
public protocol ParticipantRecorder: Sendable {
  /// The sound comes from here from now on; `nil`: from nowhere.
  func setSound(_ tap: PacketTap?, bindings: [PayloadBinding])
  /// The picture. `askKeyframe` asks its publisher; from any thread.
  func setPictures(
    _ tap: PacketTap?, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void)
  /// Nothing more is taken.
  func end()
}

/// As much is decoded and recorded as the machine is meant to.
public struct RecordingRefusal: Error, Hashable, Sendable {
  public init() {}
}
