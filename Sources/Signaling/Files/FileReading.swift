internal import Consultation

/// One reader's way through a file, a piece at a time: no more of it is in memory.
actor FileReading {
  private let shelf: FileShelf
  private let id: FileID
  private let size: Int
  private var offset = 0

  init(_ id: FileID, size: Int, from shelf: FileShelf) {
    self.id = id
    self.size = size
    self.shelf = shelf
  }

  struct Broken: Error {}

  /// `nil` at the end.
  /// - Throws: `Broken` when the file is gone meanwhile, or was changed: what has gone out is not all of it.
  func next() async throws(Broken) -> [UInt8]? {
    guard offset < size else { return nil }
    guard let octets = await shelf.read(id, at: offset), !octets.isEmpty else { throw Broken() }
    offset += octets.count
    return octets
  }
}
