public import Consultation

/// `files`: what may be shared, and for how long it stays.
public struct FileLimits: Hashable, Sendable {
  /// Octets of one file.
  public var size = 20 << 20
  /// Octets of all that are there at one time, on the whole server.
  public var total = 2048 << 20
  public var countInConsultation = 20
  public var types: Set<FileType> = Set(FileType.shareable)
  /// Seconds that a file stays behind for the program that books; 0: it is gone with the consultation.
  public var handover = 0

  public init() {}

  var told: SharingLimits { SharingLimits(size: size, types: types.map(\.mediaType).sorted()) }
}
