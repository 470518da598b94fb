/// One person (or program) on the roster.
public struct Participant: Hashable, Sendable {
  public let id: ParticipantID
  public let role: ParticipantRole
  public let name: DisplayName?
  public let joinedAt: WallClock
  public let claims: IdentityClaims
  /// `nil`: by a browser, or another client of media.
  public let bridge: Bridge?
  public internal(set) var admission: Admission
  public internal(set) var presence: Presence
  /// In the order of publishing; at most one for each source.
  public internal(set) var publications: [Publication]
  /// What the participant last said about each source, kept while the media connection is remade:
  /// a muted microphone stays muted.
  var mutedSources: Set<MediaSource> = []
  /// The last look at the device and its path, made while waiting.
  public internal(set) var check: ConnectionCheck?
  /// Where it is not the usual one.
  var priorities: [MediaSource: TrackPriority] = [:]

  init(
    id: ParticipantID, role: ParticipantRole, name: DisplayName?, joinedAt: WallClock,
    claims: IdentityClaims = IdentityClaims(), admission: Admission, bridge: Bridge? = nil
  ) {
    self.id = id
    self.role = role
    self.name = name
    self.joinedAt = joinedAt
    self.claims = claims
    self.admission = admission
    self.bridge = bridge
    presence = .connected
    publications = []
  }

  public enum Presence: Hashable, Sendable {
    case connected
    /// The signaling connection is lost. `Suspension` tells this loss from earlier ones.
    case reconnecting(Suspension)

    public var isConnected: Bool { self == .connected }
  }

  /// Given back to `Room.expire`, so that a timer of an earlier loss ends nothing.
  public struct Suspension: Hashable, Sendable {
    let number: UInt64
  }

  /// A track as the roster shows it.
  public struct Publication: Hashable, Sendable {
    public let track: TrackID
    public let source: MediaSource
    public internal(set) var muted: Bool
    public internal(set) var priority: TrackPriority
    /// Its publisher says that only receivers can open it: no hook runs on it.
    public let isEncrypted: Bool

    public init(
      track: TrackID, source: MediaSource, muted: Bool, priority: TrackPriority = .motion,
      isEncrypted: Bool = false
    ) {
      self.isEncrypted = isEncrypted
      self.track = track
      self.source = source
      self.muted = muted
      self.priority = priority
    }
  }

  /// Whether the participant, when coming back with a new media connection, has this source muted.
  public func hasMuted(_ source: MediaSource) -> Bool { mutedSources.contains(source) }
}
