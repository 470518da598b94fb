internal import Consultation
internal import Crypto
internal import Foundation

/// A recording as it lies on the disk, while it grows and afterwards: a line in the clear that says of what it is, then
/// segments, each sealed by AES-256-GCM under a key that this file alone has, made from the key of its consultation.
///
/// A segment's number is its nonce, so that none can be left out, changed or put elsewhere; the last one says that it
/// is the last, so that none can be taken off the end. It is written from front to back only: whatever is there when
/// the process dies can be read up to the last whole segment. Confined to the queue of its shelf.
struct SealedRecording {
  /// Of whom it is. Nothing in it tells more than identifiers.
  struct Label: Hashable, Sendable {
    var file: FileID
    var consultation: ConsultationID
    var participant: ParticipantID
    var began: WallClock
    var keptUntil: WallClock

    fileprivate var line: [UInt8] {
      Array(
        "visavis-recording-1 \(file) \(consultation) \(participant) \(began.milliseconds) \(keptUntil.milliseconds)\n"
          .utf8)
    }

    fileprivate init?(line: some Collection<UInt8>) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard words.count == 6, words[0] == "visavis-recording-1",
        let file = FileID(rawValue: String(words[1])),
        let consultation = ConsultationID(rawValue: String(words[2])),
        let participant = ParticipantID(rawValue: String(words[3])),
        let began = Int64(words[4]), let until = Int64(words[5])
      else { return nil }
      (self.file, self.consultation, self.participant) = (file, consultation, participant)
      (self.began, keptUntil) = (.init(milliseconds: began), .init(milliseconds: until))
    }

    init(
      file: FileID, consultation: ConsultationID, participant: ParticipantID, began: WallClock,
      keptUntil: WallClock
    ) {
      (self.file, self.consultation, self.participant) = (file, consultation, participant)
      (self.began, self.keptUntil) = (began, keptUntil)
    }
  }

  struct Broken: Error {}

  /// Octets of a segment at most, sealed.
  static let segmentLimit = 16 << 20
  private static let tag = 16

  let label: Label
  /// Octets on the disk.
  private(set) var size: Int
  /// Whether it has its last segment.
  private(set) var isWhole = false
  /// Where the sealed octets of each segment are, the last one left out.
  private(set) var segments: [Range<Int>] = []
  private let key: SymmetricKey
  private let handle: FileHandle

  // MARK: Growing

  /// - Parameter consultationKey: 32 octets.
  init(new label: Label, in folder: String, key consultationKey: [UInt8]) throws {
    let path = folder + "/" + label.file.rawValue
    guard
      FileManager.default.createFile(
        atPath: path, contents: Data(label.line), attributes: [.posixPermissions: 0o600]),
      let handle = FileHandle(forUpdatingAtPath: path)
    else { throw Broken() }
    self.label = label
    self.handle = handle
    key = Self.key(label, consultationKey)
    size = label.line.count
    try handle.seekToEnd()
  }

  mutating func append(header: [UInt8], contents: [UInt8]) throws {
    guard header.count <= Int(UInt16.max) else { throw Broken() }
    let length = UInt16(header.count)
    try write(
      [UInt8(length >> 8), UInt8(length & 0xFF)] + header + contents, isLast: false)
  }

  /// Nothing is appended any more.
  mutating func close() throws {
    guard !isWhole else { return }
    try write([], isLast: true)
    isWhole = true
    try synchronize()
  }

  /// What was written survives the machine, too.
  func synchronize() throws { try handle.synchronize() }

  private mutating func write(_ octets: [UInt8], isLast: Bool) throws {
    let box = try AES.GCM.seal(
      octets, using: key, nonce: Self.nonce(segments.count, isLast: isLast))
    let sealed = box.ciphertext + box.tag
    guard sealed.count <= Self.segmentLimit else { throw Broken() }
    do {
      try handle.write(contentsOf: Self.prefix(sealed.count) + sealed)
    } catch {
      // Half a segment is none.
      try? handle.truncate(atOffset: UInt64(size))
      throw error
    }
    if !isLast { segments.append((size + 4)..<(size + 4 + sealed.count)) }
    size += 4 + sealed.count
  }

  // MARK: Found

  /// What an earlier process has left. Cut off behind its last whole segment.
  /// - Parameter consultationKey: gives the key of a consultation.
  /// - Returns: `nil` when it is none, or cannot be read any more.
  init?(found name: String, in folder: String, label: Label, key consultationKey: [UInt8]) {
    guard label.file.rawValue == name,
      let handle = FileHandle(forUpdatingAtPath: folder + "/" + name)
    else { return nil }
    self.label = label
    self.handle = handle
    key = Self.key(label, consultationKey)
    size = label.line.count
    do { try find() } catch { return nil }
  }

  static func label(of name: String, in folder: String) -> Label? {
    guard let handle = FileHandle(forReadingAtPath: folder + "/" + name) else { return nil }
    defer { try? handle.close() }
    guard let head = try? handle.read(upToCount: 512), let end = head.firstIndex(of: 0x0A) else {
      return nil
    }
    return Label(line: head[..<end])
  }

  private mutating func find() throws {
    let end = Int(try handle.seekToEnd())
    while true {
      try handle.seek(toOffset: UInt64(size))
      guard let prefix = try handle.read(upToCount: 4), prefix.count == 4 else { break }
      let count = prefix.reduce(0) { $0 << 8 | Int($1) }
      guard count >= Self.tag, count <= Self.segmentLimit, size + 4 + count <= end else { break }
      let range = (size + 4)..<(size + 4 + count)
      if count == Self.tag, (try? open(range, segments.count, isLast: true)) != nil {
        isWhole = true
        size = range.upperBound
        return
      }
      segments.append(range)
      size = range.upperBound
    }
    let found = segments.count
    // The disk may have kept the length of a segment, and not all of it.
    while let last = segments.last, (try? open(last, segments.count - 1, isLast: false)) == nil {
      segments.removeLast()
      size = last.lowerBound - 4
    }
    // Of what no segment can be opened, nothing is cut off: it may be the key that is wrong.
    guard found == 0 || !segments.isEmpty else { throw Broken() }
    try handle.truncate(atOffset: UInt64(size))
    try handle.seekToEnd()
  }

  // MARK: Reading

  /// The file's beginning: the header of its last segment.
  func header() throws -> [UInt8] {
    guard let last = segments.indices.last else { throw Broken() }
    return try read(last).header
  }

  func contents(of segment: Int) throws -> [UInt8] { try read(segment).contents }

  private func read(_ segment: Int) throws -> (header: [UInt8], contents: [UInt8]) {
    guard segments.indices.contains(segment) else { throw Broken() }
    let octets = try open(segments[segment], segment, isLast: false)
    guard octets.count >= 2 else { throw Broken() }
    let length = Int(octets[0]) << 8 | Int(octets[1])
    guard octets.count >= 2 + length else { throw Broken() }
    return (Array(octets[2..<(2 + length)]), Array(octets[(2 + length)...]))
  }

  private func open(_ range: Range<Int>, _ number: Int, isLast: Bool) throws -> [UInt8] {
    let end = try handle.offset()
    defer { try? handle.seek(toOffset: end) }
    try handle.seek(toOffset: UInt64(range.lowerBound))
    guard let sealed = try handle.read(upToCount: range.count), sealed.count == range.count,
      sealed.count >= Self.tag
    else { throw Broken() }
    let box = try AES.GCM.SealedBox(
      nonce: Self.nonce(number, isLast: isLast), ciphertext: sealed.dropLast(Self.tag),
      tag: sealed.suffix(Self.tag))
    return Array(try AES.GCM.open(box, using: key))
  }

  // MARK: Sealing

  /// What the line in the clear says is part of the key: changed, nothing opens.
  private static func key(_ label: Label, _ consultationKey: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: consultationKey), info: Data(label.line),
      outputByteCount: 32)
  }

  /// Each number is used once, and once more for the last segment, which is always the same: the one that a start
  /// after a crash writes has no octet of another meaning.
  private static func nonce(_ number: Int, isLast: Bool) throws -> AES.GCM.Nonce {
    try AES.GCM.Nonce(
      data: [0, 0, 0, isLast ? 1 : 0] + withUnsafeBytes(of: UInt64(number).bigEndian, Array.init))
  }

  private static func prefix(_ count: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(count).bigEndian, Array.init)
  }
}
