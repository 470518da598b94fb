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
      let kept = try await store.handedOver(after: now)
      var keys: [ConsultationID: [UInt8]] = [:]
      for id in Set(kept.map(\.consultation)) {
        keys[id] = try await store.fileKey(of: id)
      }
      return try FileShelf(folder: path, limits: limits, kept: kept, keys: keys)
    } catch {
      throw .files("the folder of shared files cannot be used: \(error)")
    }
  }
}
