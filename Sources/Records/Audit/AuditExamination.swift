internal import Consultation
internal import Foundation

/// Reads a log from its first entry on and believes what its checkpoints prove.
///
/// An entry that a checkpoint covers cannot be changed, removed, added or moved without the roots
/// differing; the kept leaf hashes, which the same roots prove, then name the first one. What stands
/// behind the last checkpoint is proven by nothing yet, and only has to be well formed.
public struct AuditExamination: Sendable {
  public private(set) var entries = 0
  public private(set) var checkpoints: [Checkpoint] = []
  public private(set) var root = MerkleHash.empty
  public private(set) var publicKey: AuditPublicKey

  /// Entries that the last checkpoint covers.
  public var covered: Int { checkpoints.last?.size ?? 0 }

  private(set) var frontier = MerkleFrontier()
  /// The last leaf hash of each session that has not ended.
  private(set) var sessions: [String: MerkleHash] = [:]
  /// Of the changes that entries tell; 0: none.
  private(set) var highestChange: Int64 = 0
  /// Octets of whole lines; what follows was torn.
  private(set) var entryOctets = 0
  private(set) var checkpointOctets = 0
  private(set) var leaves: [MerkleHash] = []
  /// Leaf hashes that the `leaves` file holds, all of them right.
  private(set) var storedLeaves = 0

  /// - Parameters:
  ///   - publicKey: the one that is trusted, best from elsewhere; `nil` takes the folder's own.
  ///   - isThorough: whether each entry is parsed too. Without it their hashes speak.
  /// - Throws: `AuditError.tampered` with the first entry that is wrong.
  public init(
    _ folder: AuditFolder, publicKey: AuditPublicKey? = nil, isThorough: Bool = true
  ) throws(AuditError) {
    self.publicKey = if let publicKey { publicKey } else { try folder.publicKey() }
    // Before the entries: a log that is being written has an entry before its checkpoint.
    try readCheckpoints(try AuditFile.contents(folder.checkpoints), try folder.origin())
    let stored = try AuditFile.contents(folder.leaves)
    try readEntries(try AuditFile.contents(folder.entries), stored, isThorough)
    root = frontier.root
  }

  // MARK: Checkpoints

  private struct Line: Codable { var note: String }

  static func line(_ note: String) -> [UInt8] {
    CanonicalJSON.object(["note": .string(note)]).bytes + [UInt8(ascii: "\n")]
  }

  private mutating func readCheckpoints(_ bytes: [UInt8], _ origin: String) throws(AuditError) {
    func checkpoint(_ text: ArraySlice<UInt8>) -> Checkpoint? {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)),
        Self.line(line.note).elementsEqual(text + [UInt8(ascii: "\n")])
      else { return nil }
      return Checkpoint(note: line.note, publicKey: publicKey)
    }
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let number = checkpoints.count
      guard let checkpoint = checkpoint(rest[..<end]) else {
        throw .tampered(entry: nil, "checkpoint \(number) is not one that this key has signed")
      }
      guard checkpoint.origin == origin else {
        throw .tampered(entry: nil, "checkpoint \(number) is of another log")
      }
      guard checkpoint.size > covered || checkpoints.isEmpty else {
        throw .tampered(entry: nil, "checkpoint \(number) is not newer than the one before")
      }
      checkpoints.append(checkpoint)
      rest = rest[(end + 1)...]
    }
    // A crash leaves the beginning of a line: all of one and then something else is no such thing.
    if checkpoint(rest.dropLast()) != nil {
      throw .tampered(entry: nil, "what ends checkpoint \(checkpoints.count) was changed")
    }
    checkpointOctets = bytes.count - rest.count
  }

  // MARK: Entries

  private mutating func readEntries(
    _ bytes: [UInt8], _ stored: [UInt8], _ isThorough: Bool
  ) throws(AuditError) {
    var storedFrontier = MerkleFrontier()
    var firstMismatch: Int?
    var firstMalformed: (entry: Int, why: String)?
    var pending = checkpoints[...]
    var proven = 0
    var rest = bytes[...]

    /// Compares with the checkpoint of this size, if there is one.
    func prove(_ frontier: MerkleFrontier) throws(AuditError) {
      guard let checkpoint = pending.first, checkpoint.size == frontier.size else { return }
      pending.removeFirst()
      guard frontier.root == checkpoint.root else {
        let isStoredRight =
          storedFrontier.size == checkpoint.size
          && storedFrontier.root == checkpoint.root
        let entry = isStoredRight ? firstMismatch : firstMalformed?.entry
        throw .tampered(
          entry: entry ?? proven,
          entry != nil
            ? "it is not what was signed"
            : "one of the entries \(proven) to \(checkpoint.size - 1) is not what was signed")
      }
      if let mismatch = firstMismatch, mismatch < checkpoint.size {
        throw .tampered(entry: mismatch, "its kept hash was changed; the entry is what was signed")
      }
      proven = checkpoint.size
    }

    try prove(frontier)
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[rest.startIndex..<end]
      let leaf = MerkleHash.leaf(line)
      if let kept = MerkleHash(stored.dropFirst(entries * MerkleHash.length).prefix(32)) {
        if storedFrontier.size == entries { storedFrontier.append(kept) }
        if kept == leaf {
          if firstMismatch == nil { storedLeaves = entries + 1 }
        } else if firstMismatch == nil {
          firstMismatch = entries
        }
      }
      if firstMalformed == nil, let why = follow(line, leaf, isThorough || entries >= covered) {
        firstMalformed = (entries, why)
      }
      if let change = Self.number(of: "change", in: line) {
        highestChange = max(highestChange, change)
      }
      leaves.append(leaf)
      frontier.append(leaf)
      entries += 1
      rest = rest[(end + 1)...]
      try prove(frontier)
    }
    entryOctets = bytes.count - rest.count
    if entries < covered {
      throw .tampered(
        entry: firstMismatch ?? firstMalformed?.entry ?? entries,
        "\(covered - entries) entries that were signed are missing")
    }
    if let firstMalformed { throw .tampered(entry: firstMalformed.entry, firstMalformed.why) }
    if let firstMismatch { throw .tampered(entry: firstMismatch, "it is not what was kept") }
    if stored.count > entries * MerkleHash.length {
      throw .tampered(entry: entries, "more hashes are kept than entries")
    }
  }

  /// What an entry says of itself: its number, and the session's entry before it.
  private struct Header: Decodable {
    var v: Int
    var seq: Int
    var type: String
    var session: String?
    var prev: String?
  }

  /// - Returns: what is wrong.
  private mutating func follow(
    _ line: ArraySlice<UInt8>, _ leaf: MerkleHash, _ isThorough: Bool
  ) -> String? {
    guard isThorough else {
      if let session = Self.text(of: "session", in: line) { note(session, leaf, line) }
      return nil
    }
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(line)), header.v == 1
    else {
      return "it is no entry"
    }
    guard header.seq == entries else { return "its number is \(header.seq)" }
    guard let session = header.session else {
      return header.prev == nil ? nil : "it follows no session"
    }
    guard header.prev == sessions[session]?.base64 else {
      return "it does not follow the entry of its session before it"
    }
    note(session, leaf, line)
    return nil
  }

  private mutating func note(_ session: String, _ leaf: MerkleHash, _ line: ArraySlice<UInt8>) {
    let isLast = Self.text(of: "type", in: line) == AuditEvent.Kind.roomClosed.rawValue
    sessions[session] = isLast ? nil : leaf
  }

  /// The text of a member without escapes. In canonical JSON a quoted name with its colon stands nowhere
  /// but at a member: within a string the quotes would be escaped.
  static func text(of name: String, in line: ArraySlice<UInt8>) -> String? {
    guard let text = rest(after: "\"\(name)\":\"", in: line),
      let end = text.firstIndex(of: UInt8(ascii: "\""))
    else { return nil }
    return String(decoding: text[..<end], as: UTF8.self)
  }

  /// The same of a member that is a number.
  static func number(of name: String, in line: ArraySlice<UInt8>) -> Int64? {
    rest(after: "\"\(name)\":", in: line).flatMap {
      Int64(String(decoding: $0.prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
  }

  private static func rest(
    after mark: String, in line: ArraySlice<UInt8>
  ) -> ArraySlice<UInt8>? {
    let wanted = Array(mark.utf8)
    var start = line.startIndex
    while start + wanted.count <= line.endIndex {
      if line[start] == wanted[0], line[start..<(start + wanted.count)].elementsEqual(wanted) {
        return line[(start + wanted.count)...]
      }
      start += 1
    }
    return nil
  }
}
