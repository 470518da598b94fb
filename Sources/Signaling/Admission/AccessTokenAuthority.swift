public import Consultation
internal import JWTKit

/// Mints and verifies access tokens: JWT (RFC 7519), HS256 with the API key pair of this server, and
/// verifies those that others sign with RS256 or ES256 (RFC 7518) and a key of the key set.
public struct AccessTokenAuthority: Sendable {
  /// Octets of the API secret: as long as the hash (RFC 7518 section 3.2).
  public static let minimumSecretLength = 32
  public static let maximumTokenLength = 4096
  /// How far the clock of whoever minted a token may be ahead of ours, seconds.
  public static let clockLeeway: Int64 = 30

  private let issuer: String
  private let keys: JWTKeyCollection
  /// `nil`: nobody else mints tokens.
  private var others: TokenKeySet?

  /// - Throws: when the secret is shorter than `minimumSecretLength` octets.
  public init(apiKey: String, apiSecret: String) async throws(TokenAuthorityError) {
    guard apiSecret.utf8.count >= Self.minimumSecretLength else { throw .secretTooShort }
    issuer = apiKey
    keys = JWTKeyCollection()
    await keys.add(hmac: HMACKey(from: apiSecret), digestAlgorithm: .sha256)
  }

  /// Takes tokens of the bearers of these keys as well.
  func trusting(_ others: TokenKeySet?) -> Self {
    var copy = self
    copy.others = others
    return copy
  }

  /// The text of a token.
  public func mint(
    _ token: AccessToken, issuedAt now: WallClock
  ) async throws(TokenAuthorityError) -> String {
    let claims = Claims(
      iss: issuer, role: token.role.rawValue, consultation: token.consultation?.rawValue,
      name: token.name?.rawValue, sub: token.subject, jti: token.identifier,
      nbf: token.notBefore.map(Self.seconds), exp: Self.seconds(token.expires),
      iat: Self.seconds(now), once: token.singleUse ? true : nil, acr: token.claims.assurance,
      professional: token.claims.professional, identityStatus: token.claims.identityStatus)
    do {
      return try await keys.sign(claims)
    } catch {
      throw .signing
    }
  }

  /// Verifies everything but the use of `once`, which needs the record store.
  public func verify(_ text: String, at now: WallClock) async throws(TokenRefusal) -> AccessToken {
    guard !text.isEmpty else { throw .missing }
    guard text.utf8.count <= Self.maximumTokenLength else {
      throw .malformed("it is longer than \(Self.maximumTokenLength) octets")
    }
    let header = try header(of: text)
    let (verifier, issuer, signer) = try signer(header)
    let claims: Claims
    do {
      claims = try await verifier.verify(text, as: Claims.self)
    } catch let error as JWTError where error.errorType == .malformedToken {
      throw .malformed("a claim has the wrong type")
    } catch is DecodingError {
      throw .malformed("a claim has the wrong type")
    } catch {
      // Also what is no signature of the algorithm at all.
      throw .signature
    }
    var token = try Self.token(claims, issuer: issuer, at: now)
    token.signer = signer
    return token
  }

  /// Whose key verifies the token, and who must say that they have minted it. The algorithm chooses among
  /// keys that are each for one algorithm only, so that a public key is never taken for a shared secret.
  private func signer(
    _ header: JWTHeader
  ) throws(TokenRefusal) -> (JWTKeyCollection, issuer: String, AccessToken.Signer) {
    switch header.alg {
    case "HS256"?:
      return (keys, issuer, .apiKey)
    case "RS256"?, "ES256"?:
      guard let others, let algorithm = header.alg else { throw .algorithm }
      return (
        try others.verifier(kid: header.kid, algorithm: algorithm), others.issuer, .keySet
      )
    default:
      throw .algorithm
    }
  }

  /// The header decides nothing, but whoever mints tokens is told apart a wrong algorithm from a
  /// wrong secret.
  private func header(of text: String) throws(TokenRefusal) -> JWTHeader {
    let header: JWTHeader
    do {
      header = try DefaultJWTParser().parse(Array(text.utf8), as: AnyClaims.self).header
    } catch {
      throw .malformed("it is not three parts of base64url with JSON within (RFC 7519)")
    }
    guard header.fields["crit"] == nil else {
      throw .malformed("its header asks for extensions (`crit`) that this server does not have")
    }
    return header
  }

  private static func token(
    _ claims: Claims, issuer: String, at now: WallClock
  ) throws(TokenRefusal) -> AccessToken {
    guard claims.iss == issuer else { throw .issuer }
    guard let role = claims.role.flatMap(ParticipantRole.init(rawValue:)) else { throw .role }
    guard let exp = claims.exp else { throw .noExpiry }
    guard let expires = wallClock(exp), let notBefore = optionalWallClock(claims.nbf) else {
      throw .malformed("`exp` and `nbf` are seconds since 1970")
    }
    guard now < expires else { throw .expired(expires) }
    if let start = notBefore, now.advanced(bySeconds: clockLeeway) < start {
      throw .notYetValid(start)
    }
    let consultation = claims.consultation.flatMap(ConsultationID.init(rawValue:))
    guard consultation != nil || (claims.consultation == nil && AccessToken.isUnbound(role))
    else { throw .consultation }
    let name = claims.name.flatMap(DisplayName.init(rawValue:))
    guard name != nil || claims.name == nil else {
      throw .malformed("`name` is 1 to 64 visible characters")
    }
    let texts = [
      claims.sub, claims.jti, claims.acr, claims.professional, claims.identityStatus,
    ]
    guard texts.allSatisfy({ $0.map { (1...128).contains($0.utf8.count) } ?? true }) else {
      throw .malformed(
        "`sub`, `jti`, `acr`, `professional` and `identityStatus` are 1 to 128 octets")
    }
    let once = claims.once ?? false
    guard !once || claims.jti != nil else {
      throw .malformed("`once` needs a `jti`, by which its use is remembered")
    }
    return AccessToken(
      role: role, consultation: consultation, name: name, subject: claims.sub,
      identifier: claims.jti, notBefore: notBefore, expires: expires, singleUse: once,
      claims: IdentityClaims(
        assurance: claims.acr, professional: claims.professional,
        identityStatus: claims.identityStatus))
  }

  /// RFC 7519 `NumericDate`: seconds, a fraction is allowed. `nil` when no date that we can hold.
  private static func wallClock(_ date: Double) -> WallClock? {
    guard date.isFinite, abs(date) < 1e12 else { return nil }
    return WallClock(milliseconds: Int64(date * 1000))
  }

  /// Twice optional: outside for a malformed date, inside for an absent one.
  private static func optionalWallClock(_ date: Double?) -> WallClock?? {
    guard let date else { return .some(nil) }
    return wallClock(date).map { .some($0) }
  }

  /// Whole seconds: not every program reads the fractions that RFC 7519 allows.
  private static func seconds(_ instant: WallClock) -> Double {
    Double(instant.milliseconds / 1000)
  }

  private struct Claims: JWTPayload {
    var iss: String?
    var role: String?
    var consultation: String?
    var name: String?
    var sub: String?
    var jti: String?
    var nbf: Double?
    var exp: Double?
    var iat: Double?
    var once: Bool?
    var acr: String?
    var professional: String?
    var identityStatus: String?

    /// The library calls this after the signature; times are checked against the instant that
    /// `verify` is given.
    func verify(using algorithm: some JWTAlgorithm) {}
  }

  /// To read the header alone.
  private struct AnyClaims: JWTPayload {
    func verify(using algorithm: some JWTAlgorithm) {}
  }
}

public enum TokenAuthorityError: Error, Hashable, Sendable {
  case secretTooShort
  case signing
}
