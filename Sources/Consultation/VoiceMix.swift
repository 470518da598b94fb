/// Several voices as one stream, for a listener whose path does not carry them one by one. While it is made everyone who
/// may know of a speaker sees it on the roster.
public struct VoiceMix: Hashable, Sendable {
  public struct Voice: Hashable, Sendable {
    public let track: TrackID
    /// Who publishes the track.
    public let subject: ParticipantID

    public init(track: TrackID, subject: ParticipantID) {
      self.track = track
      self.subject = subject
    }
  }

  public let listener: ParticipantID
  /// Two or more.
  public let voices: [Voice]

  public init(listener: ParticipantID, voices: [Voice]) {
    self.listener = listener
    self.voices = voices
  }
}
