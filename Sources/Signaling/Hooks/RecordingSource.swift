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

  /// Puts the files of one recording together: all pictures as they are, and one sound.
  /// - Returns: gives the next octets, `nil` at the end. One call at a time.
  func mix(_ files: [RecordedContent]) throws(RecordingRefusal)
    -> @Sendable () async throws -> [UInt8]?
}

/// A file of a recording, as it is read.
public struct RecordedContent: Sendable {
  /// Whose it is.
  public let name: String
  /// What it begins with, then more of it; `nil` at the end.
  public let next: @Sendable () async throws -> [UInt8]?
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
