internal import Consultation
internal import Crypto
internal import Foundation

/// The content of shared files, sealed, in a folder for its owner alone (0700). What a crash left behind
/// is deleted before anything is put there.
actor FileShelf {
  /// Octets of one request.
  static let chunkLimit = 524_288

  struct Failure: Error, Hashable {
    enum Reason: Hashable { case noSuchUpload, offset(Int), tooLong, type, sum, full, storage }
    let reason: Reason
  }

  /// A file that is whole.
  struct Content: Hashable, Sendable {
    var type: FileType
    var size: Int
    var sha256: String
  }

  private struct Upload {
    var owner: ParticipantID
    var consultation: ConsultationID
    var name: String
    var size: Int
    var sum: String?
    var sealed: SealedFile
    var received = 0
    var type: FileType?
    var hash = SHA256()
    var isWhole: Bool { received == size }
  }

  let limits: FileLimits
  private let folder: String
  private var uploads: [FileID: Upload] = [:]
  /// Whole files: of which consultation, of what size, until when they stay without it, and what they lie as.
  private var files:
    [FileID: (consultation: ConsultationID, size: Int, until: WallClock?, sealed: SealedFile)] = [:]
  private var octets = 0

  /// - Parameters:
  ///   - kept: what was handed over and stays; everything else in the folder is deleted.
  ///   - keys: of their consultations.
  /// - Throws: when the folder cannot be made or closed to others.
  init(
    folder: String, limits: FileLimits, kept: [FileRecord],
    keys: [ConsultationID: [UInt8]] = [:]
  ) throws {
    self.folder = folder
    self.limits = limits
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
    for name in try manager.contentsOfDirectory(atPath: folder) {
      if let file = kept.first(where: { $0.id.rawValue == name }), let until = file.keptUntil {
        // Without its key it is unreadable, and goes when its time is over.
        let sealed = SealedFile(file.id, in: folder, key: keys[file.consultation])
        files[file.id] = (file.consultation, file.size, until, sealed)
        octets += file.size
      } else {
        try manager.removeItem(atPath: folder + "/" + name)
      }
    }
  }

  // MARK: Coming

  /// - Parameter key: of the consultation; `nil` where the store keeps none: then the file ends with the process.
  ///
  /// One at a time: a participant who begins another one gives the unfinished one up.
  func begin(
    _ id: FileID, of owner: ParticipantID, in consultation: ConsultationID, name: String, size: Int,
    sum: String?, key: [UInt8]?
  ) throws(Failure) {
    for (other, upload) in uploads
    where upload.owner == owner && upload.consultation == consultation { drop(other) }
    guard octets + size <= limits.total else { throw Failure(reason: .full) }
    let sealed = SealedFile(id, in: folder, key: key)
    guard sealed.create() else { throw Failure(reason: .storage) }
    octets += size
    uploads[id] = Upload(
      owner: owner, consultation: consultation, name: name, size: size, sum: sum, sealed: sealed)
  }

  /// How much of an upload is there.
  func offset(_ id: FileID, of owner: ParticipantID) throws(Failure) -> (offset: Int, size: Int) {
    guard let upload = uploads[id], upload.owner == owner else {
      throw Failure(reason: .noSuchUpload)
    }
    return (upload.received, upload.size)
  }

  /// Returns where the next octets belong. What is refused for its type or its sum is gone.
  func append(
    _ octets: [UInt8], at offset: Int, to id: FileID, of owner: ParticipantID
  ) throws(Failure) -> Int {
    guard var upload = uploads[id], upload.owner == owner else {
      throw Failure(reason: .noSuchUpload)
    }
    guard offset == upload.received else { throw Failure(reason: .offset(upload.received)) }
    guard octets.count <= upload.size - upload.received else { throw Failure(reason: .tooLong) }
    if upload.received == 0, !octets.isEmpty {
      guard octets.count >= min(FileType.signatureLength, upload.size),
        let type = FileType(signature: octets), limits.types.contains(type)
      else {
        drop(id)
        throw Failure(reason: .type)
      }
      upload.type = type
    }
    do {
      try upload.sealed.append(octets, isLast: offset + octets.count == upload.size)
    } catch {
      throw Failure(reason: .storage)
    }
    upload.hash.update(data: octets)
    upload.received += octets.count
    uploads[id] = upload
    return upload.received
  }

  /// What came, once all of it is there and its sum is right; `nil` before.
  func finished(_ id: FileID) throws(Failure) -> (content: Content, name: String)? {
    guard let upload = uploads[id], upload.isWhole, let type = upload.type else { return nil }
    let sum = Self.text(of: upload.hash.finalize())
    guard upload.sum == nil || upload.sum == sum else {
      drop(id)
      throw Failure(reason: .sum)
    }
    return (Content(type: type, size: upload.size, sha256: sum), upload.name)
  }

  /// A file that was made here, whole.
  /// - Parameters: as of `begin` and `keep`.
  func put(
    _ id: FileID, in consultation: ConsultationID, octets: [UInt8], until: WallClock?,
    key: [UInt8]?
  ) throws(Failure) -> Content {
    guard self.octets + octets.count <= limits.total else { throw Failure(reason: .full) }
    guard let type = FileType(signature: octets) else { throw Failure(reason: .type) }
    var sealed = SealedFile(id, in: folder, key: key)
    guard sealed.create() else { throw Failure(reason: .storage) }
    self.octets += octets.count
    files[id] = (consultation, octets.count, until, sealed)
    do { try sealed.append(octets, isLast: true) } catch {
      discard(id)
      throw Failure(reason: .storage)
    }
    files[id]?.sealed = sealed
    let sum = Self.text(of: SHA256.hash(data: octets))
    return Content(type: type, size: octets.count, sha256: sum)
  }

  /// What was put there is not to be kept.
  func discard(_ id: FileID) {
    guard let file = files.removeValue(forKey: id) else { return }
    delete(id, file.size)
  }

  private static func text(of digest: SHA256.Digest) -> String {
    digest.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
  }

  /// It was shared: it stays until the people are gone, or until `until`.
  func keep(_ id: FileID, until: WallClock?) {
    guard let upload = uploads.removeValue(forKey: id) else { return }
    files[id] = (upload.consultation, upload.size, until, upload.sealed)
  }

  /// It was not.
  func drop(_ id: FileID) {
    guard let upload = uploads.removeValue(forKey: id) else { return }
    delete(id, upload.size)
  }

  // MARK: There

  func contains(_ id: FileID, in consultation: ConsultationID) -> Bool {
    files[id]?.consultation == consultation
  }

  /// Some octets of a file; `nil` when it is gone, or is not what was put there.
  func read(_ id: FileID, at offset: Int) -> [UInt8]? { files[id]?.sealed.read(at: offset) }

  // MARK: Going

  /// Nobody is in the consultation any more: what is not handed over goes.
  func clear(_ consultation: ConsultationID) {
    for (id, upload) in uploads where upload.consultation == consultation { drop(id) }
    for (id, file) in files where file.consultation == consultation && file.until == nil {
      files[id] = nil
      delete(id, file.size)
    }
  }

  /// The upload that a participant who leaves has not finished.
  func clear(_ participant: ParticipantID, in consultation: ConsultationID) {
    for (id, upload) in uploads
    where upload.owner == participant && upload.consultation == consultation { drop(id) }
  }

  /// What was handed over long enough goes.
  func expire(at now: WallClock) {
    for (id, file) in files {
      guard let until = file.until, until <= now else { continue }
      files[id] = nil
      delete(id, file.size)
    }
  }

  /// Of which consultations files were handed over.
  var handedOver: Set<ConsultationID> {
    Set(files.values.filter { $0.until != nil }.map(\.consultation))
  }

  /// It was erased or purged: what was handed over goes, too.
  func erase(_ consultation: ConsultationID) {
    for (id, file) in files where file.consultation == consultation {
      files[id] = nil
      delete(id, file.size)
    }
  }

  private func delete(_ id: FileID, _ size: Int) {
    octets -= size
    try? FileManager.default.removeItem(atPath: path(id))
  }

  private func path(_ id: FileID) -> String { folder + "/" + id.rawValue }
}
