internal import FoundationEssentials
internal import JWTKit
internal import Synchronization

/// The public keys of a program that mints tokens with keys of its own: a JWK Set (RFC 7517) in a
/// file, read again on demand. What is in the file counts, and nothing else: a key that is gone from it
/// verifies nothing any more.
final class TokenKeySet: Sendable {
  static let maximumLength = 262_144
  static let maximumKeys = 64
  /// Characters of base64url of a modulus of 2048 bits (RFC 7518 section 3.3).
  private static let shortestModulus = 342

  /// One public key, alone in its collection, so that no token chooses another.
  private struct Key: Sendable {
    let algorithm: String
    let verifier: JWTKeyCollection
  }

  let issuer: String
  private let path: String
  private let keys = Mutex<[String: Key]>([:])

  /// - Parameter path: `api.jwks`.
  init(path: String, issuer: String) async throws(SignalingServiceError) {
    self.path = path
    self.issuer = issuer
    try await reload()
  }

  /// - Throws: when the file cannot be used; then the keys stay what they were.
  func reload() async throws(SignalingServiceError) {
    let fresh = try await load()
    keys.withLock { $0 = fresh }
  }

  var count: Int { keys.withLock { $0.count } }

  /// What verifies tokens of this header.
  ///
  /// - Parameter kid: may be missing where only one key is of the algorithm.
  func verifier(kid: String?, algorithm: String) throws(TokenRefusal) -> JWTKeyCollection {
    let keys = keys.withLock { $0 }
    guard let kid else {
      let fitting = keys.values.filter { $0.algorithm == algorithm }
      guard fitting.count == 1, let key = fitting.first else { throw .key }
      return key.verifier
    }
    guard let key = keys[kid] else { throw .key }
    guard key.algorithm == algorithm else { throw .algorithm }
    return key.verifier
  }

  // MARK: Reading

  private struct File: Decodable {
    var keys: [Entry]
  }

  private struct Entry: Decodable {
    var kty: String?
    var use: String?
    var alg: String?
    var kid: String?
    var crv: String?
    var n: String?
    var e: String?
    var x: String?
    var y: String?
    /// Of a private key.
    var d: String?
    /// Of a symmetric one.
    var k: String?
  }

  private func load() async throws(SignalingServiceError) -> [String: Key] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw problem("cannot be read")
    }
    guard data.count <= Self.maximumLength,
      let file = try? JSONDecoder().decode(File.self, from: data)
    else { throw problem("is not a JWK Set (RFC 7517) of at most \(Self.maximumLength) octets") }
    guard file.keys.count <= Self.maximumKeys else {
      throw problem("has more than \(Self.maximumKeys) keys")
    }
    var found: [String: Key] = [:]
    for (number, entry) in file.keys.enumerated() {
      guard let (kid, key) = try await key(entry, number + 1) else { continue }
      guard found.updateValue(key, forKey: kid) == nil else {
        throw problem("has two keys of one `kid`")
      }
    }
    guard !found.isEmpty else {
      throw problem("has no key for RS256 or ES256 (kty RSA, or EC with crv P-256)")
    }
    return found
  }

  /// `nil`: for something else, and left alone (RFC 7517 section 5).
  private func key(
    _ entry: Entry, _ number: Int
  ) async throws(SignalingServiceError) -> (String, Key)? {
    guard entry.d == nil, entry.k == nil else {
      throw problem("has a secret in key \(number): the public half belongs here, nothing else")
    }
    guard entry.use == nil || entry.use == "sig" else { return nil }
    let verifier = JWTKeyCollection()
    let algorithm: String
    switch (entry.kty, entry.crv) {
    case ("RSA", nil):
      algorithm = "RS256"
      guard entry.alg == nil || entry.alg == algorithm else { return nil }
      guard let n = entry.n, let e = entry.e, n.utf8.count >= Self.shortestModulus,
        let key = try? Insecure.RSA.PublicKey(modulus: n, exponent: e)
      else { throw problem("has no RSA key of at least 2048 bits as key \(number)") }
      await verifier.add(rsa: key, digestAlgorithm: .sha256)
    case ("EC", "P-256"):
      algorithm = "ES256"
      guard entry.alg == nil || entry.alg == algorithm else { return nil }
      guard let x = entry.x, let y = entry.y,
        let key = try? ES256PublicKey(parameters: (x: x, y: y))
      else { throw problem("has no point of P-256 as key \(number)") }
      await verifier.add(ecdsa: key)
    default:
      return nil
    }
    guard let kid = entry.kid, (1...256).contains(kid.utf8.count) else {
      throw problem("has no `kid` of 1 to 256 octets in key \(number), by which it is told apart")
    }
    return (kid, Key(algorithm: algorithm, verifier: verifier))
  }

  private func problem(_ text: String) -> SignalingServiceError {
    .keySet("api.jwks: \(path) \(text)")
  }
}
