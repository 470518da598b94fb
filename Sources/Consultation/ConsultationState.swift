public enum ConsultationState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Can be entered; at most one person is there.
  case open
  /// Two people have met, and not everybody has left since.
  case active
  /// For good.
  case ended
}

/// Why a participant is gone, a sitting is over or a consultation has ended.
public enum LeaveReason: String, Codable, Hashable, Sendable, CaseIterable {
  /// By own wish.
  case left
  /// The consultation was ended by someone entitled to.
  case ended
  /// Taken out by someone entitled to.
  case removed
  /// The signaling connection was lost and not resumed in time.
  case connectionLost
  /// The same participant came again on a newer connection.
  case replaced
  /// ICE, DTLS or consent failed for good, and there is no signaling connection to mend it.
  case mediaFailed
  case serverShutdown
  /// The server died; written by its next start.
  case serverCrash
}

public enum MediaSource: String, Codable, Hashable, Sendable, CaseIterable {
  case microphone, camera, screen

  public var isAudio: Bool { self == .microphone }
}
