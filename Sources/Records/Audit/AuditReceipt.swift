public import Consultation
internal import Foundation

/// A consultation's entries with the proof that they are in the log, for somebody who has nothing
/// but this and the log's public key.
public struct AuditReceipt: Codable, Hashable, Sendable {
  public struct Entry: Codable, Hashable, Sendable {
    /// Its place in the log.
    public var index: Int
    /// Canonical JSON.
    public var entry: String
    /// RFC 9162 section 2.1.3, base64, from the leaf upwards.
    public var proof: [String]
  }

  public var version = 1
  public var session: String
  /// The signed note.
  public var checkpoint: String
  public var publicKey: String
  public var entries: [Entry]

  /// - Throws: `AuditError.storage` when the log has nothing of it under a checkpoint.
  public init(_ session: ConsultationID, in folder: AuditFolder) throws(AuditError) {
    let found = try AuditExamination(folder, isThorough: false)
    guard let newest = found.checkpoints.last else {
      throw .storage("nothing has been signed yet")
    }
    let tree = MerkleTree(leaves: Array(found.leaves[..<newest.size]))
    self.session = session.rawValue
    publicKey = found.publicKey.base64
    checkpoint = try Self.lastNote(folder)
    entries = []
    let lines = try AuditFile.contents(folder.entries).split(separator: UInt8(ascii: "\n"))
    for (index, line) in lines.prefix(newest.size).enumerated()
    where AuditExamination.text(of: "session", in: line) == session.rawValue {
      guard let proof = tree.inclusionProof(of: index) else { continue }
      entries.append(
        Entry(
          index: index, entry: String(decoding: line, as: UTF8.self), proof: proof.map(\.base64)))
    }
    guard !entries.isEmpty else {
      throw .storage("the log has no signed entry of consultation \(session)")
    }
  }

  private static func lastNote(_ folder: AuditFolder) throws(AuditError) -> String {
    struct Line: Codable { var note: String }
    let lines = try AuditFile.contents(folder.checkpoints).split(separator: UInt8(ascii: "\n"))
    guard let last = lines.last, let line = try? JSONDecoder().decode(Line.self, from: Data(last))
    else { throw .storage("the last checkpoint cannot be read") }
    return line.note
  }

  /// Whether everything in it was in the log when the checkpoint was signed, and nothing of the
  /// session is left out before its last entry here.
  ///
  /// - Parameter publicKey: of the log, from a source that is trusted; not the receipt's own.
  /// - Throws: `AuditError.tampered` with what is wrong.
  public func verify(by publicKey: AuditPublicKey) throws(AuditError) {
    guard let signed = Checkpoint(note: checkpoint, publicKey: publicKey) else {
      throw .tampered(entry: nil, "the receipt's checkpoint was not signed with this key")
    }
    var previous: MerkleHash?
    for entry in entries {
      let line = Array(entry.entry.utf8)
      let leaf = MerkleHash.leaf(line)
      var proof: [MerkleHash] = []
      for text in entry.proof {
        guard let hash = MerkleHash(base64: text) else {
          throw .tampered(entry: entry.index, "its proof is no list of hashes")
        }
        proof.append(hash)
      }
      guard
        MerkleTree.isIncluded(
          leaf, at: entry.index, size: signed.size, root: signed.root, proof: proof)
      else { throw .tampered(entry: entry.index, "it is not in the log that was signed") }
      guard AuditExamination.text(of: "session", in: line[...]) == session,
        AuditExamination.text(of: "prev", in: line[...]) == previous?.base64
      else { throw .tampered(entry: entry.index, "an entry of the session before it is left out") }
      previous = leaf
    }
  }
}
