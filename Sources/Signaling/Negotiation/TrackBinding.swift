public import Consultation
public import MediaEngine
public import Wire

/// What an m= section of an offer is for, as the client's `tracks` say it. A `sendrecv` section
/// can have two: one that publishes and one that subscribes.
public struct TrackBinding: Hashable, Sendable {
  public enum Role: Hashable, Sendable {
    /// The client sends. The caller keeps one `PublicationID` for a source as long as it lives.
    case publish(PublicationID, source: MediaSource, muted: Bool)
    /// The client receives: a publication, or nothing yet.
    ///
    /// - `kind`: what the publication carries; `nil` = whatever the section is.
    /// - `stream`: the `a=msid` stream that the track appears in. Tracks of one participant that
    ///   belong together (microphone and camera) get the same: browsers keep lips in time only
    ///   inside one stream. A token of 1...64 characters; `nil` = in no stream.
    case subscribe(PublicationID?, kind: MediaKind?, stream: String?)
  }

  public var mid: String
  public var role: Role

  public init(mid: String, role: Role) {
    self.mid = mid
    self.role = role
  }
}

/// What becomes of the sections that no `TrackBinding` names.
public enum UnboundSections: Hashable, Sendable {
  /// They are answered `inactive`.
  case inactive
  /// WHIP (RFC 9725): every sending section publishes. The first audio is the microphone, the
  /// first video the camera, further video the screen; further audio is inactive.
  case publish
  /// WHEP: every receiving section takes the next track of its kind; when there is none left, it
  /// is a slot without a publication, to be bound later. All appear in one `a=msid` stream.
  case play([PlayableTrack], stream: String)
}

/// A publication that a WHEP viewer can be given.
public struct PlayableTrack: Hashable, Sendable {
  public var publication: PublicationID
  public var kind: MediaKind

  public init(publication: PublicationID, kind: MediaKind) {
    self.publication = publication
    self.kind = kind
  }
}
