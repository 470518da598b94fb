import Consultation
import Foundation
import JWTKit
import Testing

@testable import Signaling

@Suite("Tokens of who signs with own keys")
struct TokenKeySetTests {
  private let now = WallClock(milliseconds: 1_800_000_000_000)
  private let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("visavis-jwks-" + UUID().uuidString).path

  private struct Claims: JWTPayload {
    var iss = "https://issuer.example"
    var role = "physician"
    var consultation = "consultation"
    var sub = "subject"
    var jti = "one"
    var exp = 1_800_003_600.0
    var acr: String? = "eidas2"
    var professional: String? = "p-81"
    var identityStatus: String?
    var once: Bool? = true

    func verify(using algorithm: some JWTAlgorithm) {}
  }

  private func entry(_ key: ES256PrivateKey, kid: String, more: String = "") throws -> String {
    let point = try #require(key.parameters)
    return """
      {"kty": "EC", "crv": "P-256", "kid": "\(kid)", "x": "\(point.x)", "y": "\(point.y)"\(more)}
      """
  }

  private func write(_ entries: String...) throws {
    let text = #"{"keys": ["# + entries.joined(separator: ",") + "]}"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private func sign(
    _ key: ES256PrivateKey, kid: String?, _ change: (inout Claims) -> Void = { _ in }
  ) async throws -> String {
    var claims = Claims()
    change(&claims)
    let keys = JWTKeyCollection()
    await keys.add(ecdsa: key)
    var header = JWTHeader()
    header.kid = kid
    return try await keys.sign(claims, header: header)
  }

  private func authority(_ keys: TokenKeySet?) async throws -> AccessTokenAuthority {
    try await AccessTokenAuthority(apiKey: TestWorld.key, apiSecret: TestWorld.secret)
      .trusting(keys)
  }

  private func keySet() async throws -> TokenKeySet {
    try await TokenKeySet(path: path, issuer: "https://issuer.example")
  }

  private func refusal(_ authority: AccessTokenAuthority, _ text: String) async -> TokenRefusal? {
    do throws(TokenRefusal) {
      _ = try await authority.verify(text, at: now)
      return nil
    } catch {
      return error
    }
  }

  @Test("a token of a known key says what it says, its claims among it")
  func accepted() async throws {
    let key = ES256PrivateKey()
    try write(try entry(key, kid: "a"))
    let authority = try await authority(try await keySet())
    let token = try await authority.verify(try await sign(key, kid: "a"), at: now)
    #expect(token.role == .physician && token.signer == .keySet && token.singleUse)
    #expect(token.claims == IdentityClaims(assurance: "eidas2", professional: "p-81"))
    // The only one of its algorithm needs no name.
    #expect(try await authority.verify(try await sign(key, kid: nil), at: now) == token)
    var ours = token
    ours.signer = .apiKey
    #expect(ours.spentName != token.spentName && !ours.isSameBearer(as: token))
    let id = try #require(token.consultation)
    #expect(ours.bearer(in: id) != token.bearer(in: id))
  }

  @Test("every way to be wrong has its own refusal")
  func refusals() async throws {
    let (key, other) = (ES256PrivateKey(), ES256PrivateKey())
    try write(try entry(key, kid: "a"), try entry(other, kid: "b"))
    let authority = try await authority(try await keySet())
    let point = try #require(key.parameters)
    let hmac = JWTKeyCollection()
    await hmac.add(hmac: HMACKey(from: point.x), digestAlgorithm: .sha256, kid: "a")
    let good = try await sign(key, kid: "a")
    let parts = good.split(separator: ".")
    let cases: [(String, TokenRefusal)] = [
      (try await sign(ES256PrivateKey(), kid: "a"), .signature),
      (try await sign(other, kid: "a"), .signature),
      (parts[0] + "." + parts[1] + ".AAAA", .signature),
      (parts[0] + "." + parts[1] + ".", .signature),
      (try await sign(key, kid: "unknown"), .key),
      (try await sign(key, kid: nil), .key),
      (try await sign(key, kid: "a") { $0.iss = TestWorld.key }, .issuer),
      // The public key taken for a shared secret.
      (try await hmac.sign(Claims(), kid: "a"), .signature),
      (
        try await sign(key, kid: "a") { $0.exp = 1_799_999_999 },
        .expired(
          WallClock(milliseconds: 1_799_999_999_000))
      ),
      (try await sign(key, kid: "a") { $0.consultation = "not an id" }, .consultation),
      (
        try await sign(key, kid: "a") { $0.acr = "" },
        .malformed("`sub`, `jti`, `acr`, `professional` and `identityStatus` are 1 to 128 octets")
      ),
    ]
    for (text, expected) in cases {
      #expect(await refusal(authority, text) == expected)
    }
    #expect(await refusal(try await self.authority(nil), good) == .algorithm)
    // What our own secret signs is ours alone.
    let secret = JWTKeyCollection()
    await secret.add(hmac: HMACKey(from: TestWorld.secret), digestAlgorithm: .sha256)
    #expect(await refusal(authority, try await secret.sign(Claims())) == .issuer)
  }

  @Test("after a rotation the old key is none, and a file that cannot be used changes nothing")
  func rotation() async throws {
    let (old, new) = (ES256PrivateKey(), ES256PrivateKey())
    try write(try entry(old, kid: "old"))
    let keys = try await keySet()
    let authority = try await authority(keys)
    try write(try entry(old, kid: "old"), try entry(new, kid: "new"))
    try await keys.reload()
    #expect(await refusal(authority, try await sign(old, kid: "old")) == nil)
    try write(try entry(new, kid: "new"))
    try await keys.reload()
    #expect(await refusal(authority, try await sign(old, kid: "old")) == .key)
    #expect(await refusal(authority, try await sign(new, kid: "new")) == nil)
    for text in [
      "", "[]", #"{"keys": []}"#, #"{"keys": [{"kty": "EC"}]}"#,
      #"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "AA", "y": "AA"}]}"#,
      #"{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}"#,
      #"{"keys": [\#(try entry(new, kid: "a", more: #", "d": "AA""#))]}"#,
      #"{"keys": [\#(try entry(new, kid: ""))]}"#,
      #"{"keys": [\#(try entry(new, kid: "a")),\#(try entry(old, kid: "a"))]}"#,
      #"{"keys": [{"kty": "oct", "kid": "a", "k": "AA"}]}"#,
      #"{"keys": [\#(try entry(new, kid: "a", more: #", "use": "enc""#))]}"#,
    ] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      await #expect(throws: SignalingServiceError.self, "\(text)") { try await keys.reload() }
      #expect(await refusal(authority, try await sign(new, kid: "new")) == nil)
    }
  }
}
