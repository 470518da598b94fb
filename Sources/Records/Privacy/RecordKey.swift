internal import Crypto
internal import Foundation
internal import Glibc

/// What the keys of consultations are wrapped with: of the operator, else made once beside the database,
/// for the server's user alone (0600).
public struct RecordKey: Sendable {
  let key: SymmetricKey

  /// - Parameter secret: of the configuration, 32 characters or more.
  public init(secret: String) {
    key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)),
      salt: Data("visavis records".utf8), outputByteCount: 32)
  }

  /// The one in a file, made when it is missing.
  init(path: String) throws {
    if access(path, F_OK) != 0 { try Self.make(path) }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard
      let octets = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)),
      octets.count == 32
    else { throw UnreadableRow(description: "\(path) holds no key of 32 octets in base64") }
    key = SymmetricKey(data: octets)
  }

  /// Written aside and linked into place: whole or not at all, and never over another's.
  private static func make(_ path: String) throws {
    let octets = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    let draft = path + "." + String(UInt64.random(in: .min ... .max), radix: 36)
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw UnreadableRow(description: "\(draft) cannot be made") }
    defer { unlink(draft) }
    let bytes = Array((octets.base64EncodedString() + "\n").utf8)
    let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    close(descriptor)
    guard isWritten, link(draft, path) == 0 || errno == EEXIST else {
      throw UnreadableRow(description: "\(path) cannot be made")
    }
  }
}
