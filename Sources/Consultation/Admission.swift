/// Whether a participant is in the consultation or before its door.
public enum Admission: String, Codable, Hashable, Sendable, CaseIterable {
  /// In the waiting room: knows of nobody, gets and sends no media.
  case waiting
  case admitted
  /// Was inside and is in the waiting room again.
  case held

  public var isInside: Bool { self == .admitted }
}

/// What happened to a participant at the door of a consultation with a waiting room.
public enum DoorEvent: String, Codable, Hashable, Sendable, CaseIterable {
  /// Came, and waits.
  case waiting
  case admitted
  /// Was inside and waits again.
  case held
}
