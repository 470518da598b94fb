public import Consultation

/// Why an access token was not accepted. The text of the token is in none of them.
public enum TokenRefusal: Error, Hashable, Sendable {
  case missing
  /// Not three parts of base64url, or not JSON within; the text says which claim.
  case malformed(String)
  /// The `alg` of the header is not HS256; `none` is among these.
  case algorithm
  case signature
  /// `iss` is not the API key of this server.
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

  /// Whether the bearer is known and may not (HTTP 403), or is not known (401).
  var isForbidden: Bool {
    switch self {
    case .otherConsultation, .notAllowed: true
    default: false
    }
  }

  /// A sentence that says what would be right.
  public var sentence: String {
    switch self {
    case .missing:
      "an access token is needed: send `Authorization: Bearer <token>`"
    case .malformed(let what):
      "the token is malformed: \(what)"
    case .algorithm:
      "the token is not signed with HS256, the only algorithm that this server takes"
    case .signature:
      "the signature of the token is wrong: it is made with the API secret of this server"
    case .issuer:
      "the claim `iss` of the token is not the API key of this server"
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
    }
  }
}
