internal import Consultation

/// One reader's way through a recording, a segment at a time.
actor RecordingReading {
  private let shelf: RecordingShelf
  private let id: FileID
  private var part = 0

  init(_ id: FileID, from shelf: RecordingShelf) {
    self.id = id
    self.shelf = shelf
  }

  /// `nil` at the end.
  /// - Throws: when it is gone meanwhile, or was changed: what has gone out is not all of it.
  func next() async throws -> [UInt8]? {
    let octets = try await shelf.part(part, of: id)
    part += 1
    return octets
  }
}
