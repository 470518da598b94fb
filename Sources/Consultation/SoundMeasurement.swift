/// How loud a microphone is, measured by the server for the quality of the consultation. While it is measured
/// everyone who may know of the publisher sees it on the roster.
public struct SoundMeasurement: Hashable, Sendable {
  public let track: TrackID
  /// Who publishes the track.
  public let subject: ParticipantID

  public init(track: TrackID, subject: ParticipantID) {
    self.track = track
    self.subject = subject
  }
}
