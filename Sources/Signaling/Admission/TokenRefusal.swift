public import Consultation

/// Why an access token was not accepted. The text of the token is in none of them.
public enum TokenRefusal: Error, Hashable, Sendable {
  case missing
  /// Not three parts of base64url, or not JSON within; the text says which claim.
  case malformed(String)
  /// The `alg` of the header is not one that this server takes; `none` is among these.
  case algorithm
  /// The `kid` of the header names no key that counts now.
  case key
  case signature
  /// `iss` is not who signs with this key.
  case issuer
  case role
  /// `exp` is missing: a token without an end could never be taken back.
  case noExpiry
  case expired(WallClock)
  case notYetValid(WallClock)
  /// `consultation` is missing and the role needs it, or it is not an id.
  case consultation
  /// The token is for another consultation than the one asked for.
  case otherConsultation
  /// `once`, and it has been used.
  case used
  /// The role is not allowed here.
  case notAllowed(ParticipantRole)
  /// The bearer was taken out of the consultation for good.
  case banned

  /// Whether the bearer is known and may not (HTTP 403), or is not known (401).
  var isForbidden: Bool {
    switch self {
    case .otherConsultation, .notAllowed, .banned: true
    default: false
    }
  }

  /// A word for programs: a label of `/metrics` and a word of the audit log.
  var reason: String {
    switch self {
    case .missing: "missing"
    case .malformed: "malformed"
    case .algorithm: "algorithm"
    case .key: "key"
    case .signature: "signature"
    case .issuer: "issuer"
    case .role: "role"
    case .noExpiry: "no-expiry"
    case .expired: "expired"
    case .notYetValid: "not-yet-valid"
    case .consultation: "consultation"
    case .otherConsultation: "other-consultation"
    case .used: "used"
    case .notAllowed: "not-allowed"
    case .banned: "banned"
    }
  }

  static let reasons = [
    "missing", "malformed", "algorithm", "key", "signature", "issuer", "role", "no-expiry",
    "expired", "not-yet-valid", "consultation", "other-consultation", "used", "not-allowed",
    "banned",
  ]

  /// A sentence that says what would be right.
  public var sentence: String {
    switch self {
    case .missing:
      "an access token is needed: send `Authorization: Bearer <token>`"
    case .malformed(let what):
      "the token is malformed: \(what)"
    case .algorithm:
      "the token is signed with no algorithm that this server takes: HS256 with its API secret, RS256 "
        + "or ES256 with a key of its key set (api.jwks)"
    case .key:
      "the key that the token is signed with is not in the key set of this server (api.jwks): `kid` "
        + "names one that is"
    case .signature:
      "the signature of the token is wrong: it is made with the API secret of this server, or with the "
        + "key that `kid` names"
    case .issuer:
      "the claim `iss` of the token is not who signs with this key: the API key of this server, or "
        + "api.issuer"
    case .role:
      "the claim `role` of the token is not one of "
        + ParticipantRole.allCases.map(\.rawValue).joined(separator: ", ")
    case .noExpiry:
      "the claim `exp` of the token is missing: every token has an end"
    case .expired(let end):
      "the token has expired: it was good until \(end)"
    case .notYetValid(let start):
      "the token is not good yet: it is from \(start) on"
    case .consultation:
      "the claim `consultation` of the token is missing or is not the id of a consultation "
        + "(1 to 64 of A-Z a-z 0-9 _ - .)"
    case .otherConsultation:
      "the token is for another consultation"
    case .used:
      "the token was good for one use and has been used"
    case .notAllowed(let role):
      "the role \(role.rawValue) is not allowed to do this"
    case .banned:
      "the bearer of this token was taken out of the consultation and may not come in again"
    }
  }
}
