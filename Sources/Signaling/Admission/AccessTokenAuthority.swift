public import Consultation
internal import JWTKit

/// Mints and verifies access tokens: JWT (RFC 7519), HS256 with the API key pair of this server.
public struct AccessTokenAuthority: Sendable {
  /// Octets of the API secret: as long as the hash (RFC 7518 section 3.2).
  public static let minimumSecretLength = 32
  public static let maximumTokenLength = 4096
  /// How far the clock of whoever minted a token may be ahead of ours, seconds.
  public static let clockLeeway: Int64 = 30

  private let issuer: String
  private let keys: JWTKeyCollection

  /// - Throws: when the secret is shorter than `minimumSecretLength` octets.
  public init(apiKey: String, apiSecret: String) async throws(TokenAuthorityError) {
    guard apiSecret.utf8.count >= Self.minimumSecretLength else { throw .secretTooShort }
    issuer = apiKey
    keys = JWTKeyCollection()
    await keys.add(hmac: HMACKey(from: apiSecret), digestAlgorithm: .sha256)
  }

  /// The text of a token.
  public func mint(
    _ token: AccessToken, issuedAt now: WallClock
  ) async throws(TokenAuthorityError) -> String {
    let claims = Claims(
      iss: issuer, role: token.role.rawValue, consultation: token.consultation?.rawValue,
      name: token.name?.rawValue, sub: token.subject, jti: token.identifier,
      nbf: token.notBefore.map(Self.seconds), exp: Self.seconds(token.expires),
      iat: Self.seconds(now), once: token.singleUse ? true : nil)
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
    try checkHeader(text)
    let claims: Claims
    do {
      claims = try await keys.verify(text, as: Claims.self)
    } catch let error as JWTError where error.errorType == .signatureVerificationFailed {
      throw .signature
    } catch {
      throw .malformed("a claim has the wrong type")
    }
    return try Self.token(claims, issuer: issuer, at: now)
  }

  /// The header decides nothing, but whoever mints tokens is told apart a wrong algorithm from a
  /// wrong secret.
  private func checkHeader(_ text: String) throws(TokenRefusal) {
    let header: JWTHeader
    do {
      header = try DefaultJWTParser().parse(Array(text.utf8), as: AnyClaims.self).header
    } catch {
      throw .malformed("it is not three parts of base64url with JSON within (RFC 7519)")
    }
    guard header.alg == "HS256" else { throw .algorithm }
    guard header.fields["crit"] == nil else {
      throw .malformed("its header asks for extensions (`crit`) that this server does not have")
    }
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
    for text in [claims.sub, claims.jti] {
      guard text.map({ (1...128).contains($0.utf8.count) }) ?? true else {
        throw .malformed("`sub` and `jti` are 1 to 128 octets")
      }
    }
    let once = claims.once ?? false
    guard !once || claims.jti != nil else {
      throw .malformed("`once` needs a `jti`, by which its use is remembered")
    }
    return AccessToken(
      role: role, consultation: consultation, name: name, subject: claims.sub,
      identifier: claims.jti, notBefore: notBefore, expires: expires, singleUse: once)
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
