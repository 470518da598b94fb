/// `recordings`: how much of them there may be, and for how long.
public struct RecordingLimits: Hashable, Sendable {
  /// Octets of all that are there at one time, on the whole server.
  public var total = 10_240 << 20
  /// Seconds of one.
  public var seconds = 7_200
  /// Seconds that they stay for the program that books.
  public var kept = 604_800

  public init() {}
}

/// Where recordings are, and how much of them may be there.
public struct RecordingFolder: Sendable {
  public var path: String
  public var limits: RecordingLimits

  public init(path: String, limits: RecordingLimits) {
    self.path = path
    self.limits = limits
  }

  /// With what an earlier process has left there.
  func open(in environment: RoomEnvironment) async throws(SignalingServiceError) -> RecordingShelf {
    do {
      let shelf = try RecordingShelf(folder: path, limits: limits)
      try await shelf.recover(in: environment)
      return shelf
    } catch {
      throw .files("the folder of recordings cannot be used: \(error)")
    }
  }
}
