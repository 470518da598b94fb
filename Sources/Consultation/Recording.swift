/// A recording that goes on.
public struct Recording: Hashable, Sendable {
  /// The physician who began it.
  public let actor: ParticipantID
  /// Nothing is recorded now, since somebody inside has not agreed, no patient is inside or an aside is held.
  public internal(set) var isPaused: Bool
}

/// Why a recording is over.
public enum RecordingEnd: String, Codable, Hashable, Sendable, CaseIterable {
  /// A physician has ended it.
  case stopped
  /// Somebody has refused, or withdrawn the consent.
  case consent
  /// The physician who began it is not inside any more.
  case departure
  /// Somebody sends what is encrypted end to end.
  case encrypted
  /// The consultation has ended.
  case consultation
  /// The server stops.
  case interrupted
  /// The server died; told by its next start.
  case restart
  /// It is as long, or takes as much room, as may be.
  case limit
  /// It could not be written.
  case storage
}
