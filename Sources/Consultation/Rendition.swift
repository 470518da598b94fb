/// A smaller picture that the server makes of a camera, for a receiver whose path does not carry what it sends. While
/// it is made everyone who may know of the publisher sees it on the roster.
public struct Rendition: Hashable, Sendable {
  public let track: TrackID
  /// Who publishes the track.
  public let subject: ParticipantID

  public init(track: TrackID, subject: ParticipantID) {
    self.track = track
    self.subject = subject
  }
}
