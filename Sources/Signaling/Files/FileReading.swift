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

  /// `nil` at the end, and when the file is gone meanwhile.
  func next() async -> [UInt8]? {
    guard offset < size else { return nil }
    let octets = await shelf.read(id, at: offset)
    offset += octets.count
    return octets.isEmpty ? nil : octets
  }
}
