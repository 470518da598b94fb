internal import Crypto
internal import Foundation

/// What the log was at one moment, signed: size and root, in the form of C2SP tlog-checkpoint, a C2SP
/// signed note with an Ed25519 signature.
public struct Checkpoint: Hashable, Sendable {
  /// Names the log: the first line of the note, and the name of the key.
  public var origin: String
  public var size: Int
  public var root: MerkleHash

  public init(origin: String, size: Int, root: MerkleHash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// The signed text, with its last newline.
  var text: String { "\(origin)\n\(size)\n\(root.base64)\n" }

  /// The note: text, empty line, signature line.
  public func signed(by key: AuditKey) throws(AuditError) -> String {
    let signature = try key.sign(Array(text.utf8))
    let line = Data(key.identifier(origin: origin) + signature).base64EncodedString()
    return text + "\n\u{2014} \(origin) \(line)\n"
  }

  /// Reads a note. `nil` when it has another form or the signature is not of this key.
  public init?(note: String, publicKey: AuditPublicKey) {
    guard let (checkpoint, signed) = Self.parse(note) else { return nil }
    guard signed.identifier == publicKey.identifier(origin: checkpoint.origin),
      publicKey.isValid(signed.signature, over: Array(checkpoint.text.utf8))
    else { return nil }
    self = checkpoint
  }

  private static func parse(
    _ note: String
  ) -> (Checkpoint, (identifier: [UInt8], signature: [UInt8]))? {
    let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
    guard note.utf8.count <= 4096, lines.count == 6, lines[3].isEmpty, lines[5].isEmpty,
      let size = Int(lines[1]), size >= 0, String(size) == lines[1],
      let root = MerkleHash(base64: String(lines[2]))
    else { return nil }
    let words = lines[4].split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "\u{2014}", words[1] == lines[0],
      let blob = Data(base64Encoded: String(words[2])), blob.count == 4 + 64,
      // One form only: the last digit has bits that mean nothing.
      blob.base64EncodedString() == words[2]
    else { return nil }
    let bytes = [UInt8](blob)
    return (
      Checkpoint(origin: String(lines[0]), size: size, root: root),
      (Array(bytes[..<4]), Array(bytes[4...]))
    )
  }

  /// 1 to 128 characters, as a host with a path: no space, no plus, no control character.
  public static func isOrigin(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "+") }
  }
}

extension MerkleHash {
  public var base64: String { Data(bytes).base64EncodedString() }

  /// Only the form that `base64` writes.
  public init?(base64: String) {
    guard let data = Data(base64Encoded: base64), let hash = MerkleHash(data),
      hash.base64 == base64
    else { return nil }
    self = hash
  }
}

/// Signs checkpoints. Whoever has it can rewrite the log: see the witness in `Docs/Operations.md`.
public struct AuditKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  public init() { key = Curve25519.Signing.PrivateKey() }

  /// - Parameter seed: 32 octets.
  public init(seed: [UInt8]) throws(AuditError) {
    do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch {
      throw .key("an Ed25519 key has 32 octets, this one has \(seed.count)")
    }
  }

  public var seed: [UInt8] { Array(key.rawRepresentation) }
  public var publicKey: AuditPublicKey { AuditPublicKey(key: key.publicKey) }

  func identifier(origin: String) -> [UInt8] { publicKey.identifier(origin: origin) }

  func sign(_ bytes: [UInt8]) throws(AuditError) -> [UInt8] {
    do { return Array(try key.signature(for: bytes)) } catch {
      throw .key("signing failed: \(error)")
    }
  }
}

/// Verifies checkpoints.
public struct AuditPublicKey: Sendable {
  fileprivate let key: Curve25519.Signing.PublicKey

  fileprivate init(key: Curve25519.Signing.PublicKey) { self.key = key }

  /// Base64 of its 32 octets.
  public init(base64: String) throws(AuditError) {
    guard let data = Data(base64Encoded: base64),
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: data)
    else { throw .key("a public key is base64 of 32 octets") }
    self.key = key
  }

  public var base64: String { key.rawRepresentation.base64EncodedString() }

  /// C2SP signed-note: SHA-256(name || 0x0A || 0x01 || key), the first four octets.
  func identifier(origin: String) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: Array(origin.utf8))
    hash.update(data: [0x0A, 0x01] as [UInt8])
    hash.update(data: key.rawRepresentation)
    return Array(hash.finalize().prefix(4))
  }

  func isValid(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
    key.isValidSignature(signature, for: bytes)
  }
}
