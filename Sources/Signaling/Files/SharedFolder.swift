internal import Consultation

/// Where the content of shared files is, and what may be there.
public struct SharedFolder: Sendable {
  public var path: String
  public var limits: FileLimits

  public init(path: String, limits: FileLimits) {
    self.path = path
    self.limits = limits
  }

  func open(
    _ store: any ConsultationRecordStore, at now: WallClock
  ) async throws(SignalingServiceError) -> FileShelf {
    do {
      return try FileShelf(
        folder: path, limits: limits, kept: await store.handedOver(after: now))
    } catch {
      throw .files("the folder of shared files cannot be used: \(error)")
    }
  }
}
