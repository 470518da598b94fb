internal import Foundation
internal import Glibc

/// Where an audit log is kept.
///
/// - `entries.jsonl`: one entry a line, canonical JSON, only ever appended to;
/// - `leaves`: their leaf hashes, 32 octets each, by which a changed entry is named;
/// - `checkpoints.jsonl`: the signed checkpoints, one a line;
/// - `key`: the seed of the signing key in base64, `key.pub` its public half, `origin` the log's name.
public struct AuditFolder: Sendable {
  public let path: String

  /// The folder that is there.
  public init(path: String) { self.path = path }

  var entries: String { path + "/entries.jsonl" }
  var leaves: String { path + "/leaves" }
  var checkpoints: String { path + "/checkpoints.jsonl" }
  private var key: String { path + "/key" }
  private var publicKeyFile: String { path + "/key.pub" }
  private var originFile: String { path + "/origin" }

  /// Makes the folder, a key and a name where there are none.
  /// - Parameter origin: the name of a new log; `nil` makes one.
  func prepare(origin: String?) throws(AuditError) -> (origin: String, key: AuditKey) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw AuditFile.failure("cannot be made", path)
    }
    let seed = try AuditFile.contents(key)
    if seed.isEmpty {
      guard try AuditFile.contents(checkpoints).isEmpty else {
        throw .key("\(key) is missing, though checkpoints were signed with it: put it back")
      }
      let made = AuditKey()
      let name = origin ?? "visavis/" + String(UInt64.random(in: .min ... .max), radix: 36)
      guard Checkpoint.isOrigin(name) else {
        throw .key("\"\(name)\" names no log: 1 to 128 visible ASCII characters without +")
      }
      try write(made.publicKey.base64 + "\n", to: publicKeyFile)
      try write(name + "\n", to: originFile)
      // Last: with it the log counts as made.
      try write(Data(made.seed).base64EncodedString() + "\n", to: key)
      return (name, made)
    }
    guard let octets = Data(base64Encoded: Self.line(seed)) else {
      throw .key("\(key) is not base64")
    }
    return (try self.origin(), try AuditKey(seed: Array(octets)))
  }

  public func origin() throws(AuditError) -> String {
    let name = Self.line(try AuditFile.contents(originFile))
    guard Checkpoint.isOrigin(name) else { throw .storage("\(originFile) names no log") }
    return name
  }

  public func publicKey() throws(AuditError) -> AuditPublicKey {
    try AuditPublicKey(base64: Self.line(try AuditFile.contents(publicKeyFile)))
  }

  private func write(_ text: String, to path: String) throws(AuditError) {
    let file = try AuditFile(path: path)
    try file.cut(to: 0)
    try file.append(Array(text.utf8), isDurable: true)
  }

  private static func line(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
