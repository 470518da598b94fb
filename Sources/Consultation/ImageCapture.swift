/// A still image that is being taken out of a publication. While it is taken everyone who may know of the
/// publisher sees it on the roster.
public struct ImageCapture: Hashable, Sendable {
  public let track: TrackID
  /// Who publishes the track.
  public let subject: ParticipantID
  /// Who asked for it.
  public let actor: ParticipantID

  public init(track: TrackID, subject: ParticipantID, actor: ParticipantID) {
    self.track = track
    self.subject = subject
    self.actor = actor
  }
}
