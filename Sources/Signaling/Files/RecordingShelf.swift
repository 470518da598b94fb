internal import Consultation
internal import Crypto
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Recordings on the disk, sealed, in a folder for its owner alone (0700). All of it is done on a queue of its own:
/// who brings something to be written never waits for the disk.
final class RecordingShelf: @unchecked Sendable {
  /// Octets that wait to be written at most: a disk that is that slow does not keep up.
  static let backlog = 32 << 20

  /// A file that is closed.
  struct Content: Hashable, Sendable {
    var label: SealedRecording.Label
    var size: Int
    var sha256: String
    /// `false`: the process that wrote it died.
    var isWhole: Bool
  }

  struct Gone: Error {}

  let limits: RecordingLimits
  /// For a consultation whose record keeps no key: what is sealed with it ends with the process.
  let passingKey = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  private let folder: String
  private let queue = DispatchQueue(label: "visavis.recordings")
  private let waiting = Atomic<Int>(0)
  /// Files that are being recorded, until they are in the record.
  private let open = DispatchGroup()
  /// The rest is the queue's alone.
  private var files: [FileID: SealedRecording] = [:]
  /// What is not appended to any more, since that failed.
  private var failed: Set<FileID> = []
  private var pieces: [FileID: Int] = [:]
  private var octets = 0

  /// - Throws: when the folder cannot be made or closed to others.
  init(folder: String, limits: RecordingLimits) throws {
    self.folder = folder
    self.limits = limits
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
  }

  // MARK: Growing

  /// A recording of somebody begins; its file does with its first piece. Ended by `leave`.
  func enter() { open.enter() }

  /// It is in the record, or never will be.
  func leave() { open.leave() }

  /// Returns when nothing is being recorded any more.
  func settle() async {
    await withCheckedContinuation { continuation in
      open.notify(queue: queue) { continuation.resume() }
    }
  }

  /// Returns at once.
  /// - Parameter failure: called once, on the queue: nothing more is taken of this file.
  func append(
    to label: SealedRecording.Label, key: [UInt8], header: [UInt8], contents: [UInt8],
    failure: @escaping @Sendable (RecordingEnd) -> Void
  ) {
    let count = header.count + contents.count
    guard waiting.add(count, ordering: .relaxed).newValue <= Self.backlog else {
      waiting.subtract(count, ordering: .relaxed)
      queue.async { [self] in if failed.insert(label.file).inserted { failure(.storage) } }
      return
    }
    queue.async { [self] in
      defer { waiting.subtract(count, ordering: .relaxed) }
      guard !failed.contains(label.file) else { return }
      do {
        guard octets + count <= limits.total else {
          failed.insert(label.file)
          return failure(.limit)
        }
        var file = try files[label.file] ?? begin(label, key)
        let former = file.size
        defer {
          octets += file.size - former
          files[label.file] = file
        }
        try file.append(header: header, contents: contents)
        pieces[label.file, default: 0] += 1
        // A second at most is lost with the machine, besides what is not in a piece yet.
        if pieces[label.file, default: 0] % 2 == 0 { try file.synchronize() }
      } catch {
        failed.insert(label.file)
        failure(.storage)
      }
    }
  }

  private func begin(_ label: SealedRecording.Label, _ key: [UInt8]) throws -> SealedRecording {
    let file = try SealedRecording(new: label, in: folder, key: key)
    octets += file.size
    return file
  }

  /// Nothing more comes. `nil`: nothing was recorded.
  func finish(_ id: FileID) async throws -> Content? {
    try await onQueue { [self] in
      failed.remove(id)
      pieces[id] = nil
      guard var file = files[id] else { return nil }
      let former = file.size
      try file.close()
      octets += file.size - former
      files[id] = file
      return try Self.content(file, isWhole: true)
    }
  }

  private static func content(_ file: SealedRecording, isWhole: Bool) throws -> Content? {
    guard !file.segments.isEmpty else { return nil }
    var hash = SHA256()
    let header = try file.header()
    hash.update(data: header)
    var size = header.count
    for segment in file.segments.indices {
      let contents = try file.contents(of: segment)
      hash.update(data: contents)
      size += contents.count
    }
    let sum = hash.finalize().map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    return Content(label: file.label, size: size, sha256: sum, isWhole: isWhole)
  }

  // MARK: Found

  /// Labels of what an earlier process has left, and what there is that is nobody's.
  func found() async throws -> [(name: String, label: SealedRecording.Label?)] {
    try await onQueue { [self] in
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
        ($0, SealedRecording.label(of: $0, in: folder))
      }
    }
  }

  /// Takes what was found; what has no end gets one.
  /// - Returns: `nil` when nothing of it can be read.
  func adopt(_ name: String, _ label: SealedRecording.Label, key: [UInt8]) async -> Content? {
    try? await onQueue { [self] in
      guard
        var file = SealedRecording(found: name, in: folder, label: label, key: key)
      else { return nil }
      let isWhole = file.isWhole
      guard let content = try Self.content(file, isWhole: isWhole) else { return nil }
      try file.close()
      octets += file.size
      files[label.file] = file
      return content
    }
  }

  /// What is in the record already.
  func take(_ name: String, _ label: SealedRecording.Label, key: [UInt8]) async -> Bool {
    (try? await onQueue { [self] in
      guard let file = SealedRecording(found: name, in: folder, label: label, key: key) else {
        return false
      }
      octets += file.size
      files[label.file] = file
      return true
    }) ?? false
  }

  func remove(_ name: String) async {
    try? await onQueue { [self] in
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  // MARK: There

  func contains(_ id: FileID, in consultation: ConsultationID) async -> Bool {
    (try? await onQueue { [self] in files[id]?.label.consultation == consultation }) ?? false
  }

  /// The files of a recording; `nil` while one has no end yet.
  func closed(_ consultation: ConsultationID, began: WallClock) async -> Set<FileID>? {
    try? await onQueue { [self] () -> Set<FileID>? in
      let parts = files.values.filter {
        $0.label.consultation == consultation && $0.label.began == began
      }
      return parts.allSatisfy(\.isWhole) ? Set(parts.map(\.label.file)) : nil
    }
  }

  /// Part 0 is what the file begins with; `nil` behind the last one.
  func part(_ number: Int, of id: FileID) async throws -> [UInt8]? {
    try await onQueue { [self] in
      guard let file = files[id] else { throw Gone() }
      if number == 0 { return try file.header() }
      guard number <= file.segments.count else { return nil }
      return try file.contents(of: number - 1)
    }
  }

  /// Of which consultations there are some.
  var consultations: Set<ConsultationID> {
    get async {
      (try? await onQueue { [self] in Set(files.values.map(\.label.consultation)) }) ?? []
    }
  }

  // MARK: Going

  func expire(at now: WallClock) {
    queue.async { [self] in delete { $0.label.keptUntil <= now && $0.isWhole } }
  }

  /// It was erased or purged.
  func erase(_ consultation: ConsultationID) async {
    try? await onQueue { [self] in delete { $0.label.consultation == consultation } }
  }

  func discard(_ id: FileID) async {
    try? await onQueue { [self] in delete { $0.label.file == id } }
  }

  private func delete(where isGone: (SealedRecording) -> Bool) {
    for (id, file) in files where isGone(file) {
      files[id] = nil
      octets -= file.size
      try? FileManager.default.removeItem(atPath: folder + "/" + id.rawValue)
    }
  }

  private func onQueue<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}
