internal import Foundation

/// Checkpoints that somebody else has kept: lines of `{"note": …}` as they were sent, also behind what a
/// collector puts before each. What has no note in it is left.
public struct WitnessedCheckpoints: Sendable {
  public let checkpoints: [Checkpoint]

  private struct Line: Decodable { var note: String }

  /// - Throws: `AuditError.tampered` when a note is not one that this key has signed for this log.
  public init(
    _ bytes: [UInt8], origin: String, publicKey: AuditPublicKey
  ) throws(AuditError) {
    var found: [Checkpoint] = []
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
      let text = String(decoding: line, as: UTF8.self)
      guard let start = text.range(of: #"{"note":"#)?.lowerBound else { continue }
      guard let note = try? JSONDecoder().decode(Line.self, from: Data(text[start...].utf8)),
        let checkpoint = Checkpoint(note: note.note, publicKey: publicKey),
        checkpoint.origin == origin
      else {
        throw .tampered(
          entry: nil, "line \(number + 1) of the witness is no checkpoint of this log")
      }
      found.append(checkpoint)
    }
    checkpoints = found.sorted { $0.size < $1.size }
  }
}

extension AuditExamination {
  /// Compares the log with what a witness has seen of it: what it saw must still be there, as it was.
  ///
  /// - Throws: `AuditError.tampered`
  public func compare(with witnessed: WitnessedCheckpoints) throws(AuditError) {
    var seen = MerkleFrontier()
    var proven = 0
    for checkpoint in witnessed.checkpoints {
      guard checkpoint.size <= entries else {
        throw .tampered(
          entry: entries, "the witness has seen \(checkpoint.size) entries, here are \(entries)")
      }
      while seen.size < checkpoint.size { seen.append(leaves[seen.size]) }
      guard seen.root == checkpoint.root else {
        throw .tampered(
          entry: proven,
          "one of the entries \(proven) to \(checkpoint.size - 1) is not what the witness has seen")
      }
      proven = checkpoint.size
    }
  }
}
