public import Consultation
internal import Crypto
internal import FoundationEssentials

/// What a verified access token entitles its bearer to.
public struct AccessToken: Hashable, Sendable {
  public var role: ParticipantRole
  /// `nil`: any consultation. For `ops`, `backend` and `loadtest` only.
  public var consultation: ConsultationID?
  /// The name that the others see.
  public var name: DisplayName?
  /// `sub`: who this is to the program that minted the token. Never shown to other participants.
  public var subject: String?
  /// `jti`: names the token itself.
  public var identifier: String?
  public var notBefore: WallClock?
  public var expires: WallClock
  /// `once`: good for one join; the server remembers the `identifier`.
  public var singleUse: Bool
  /// `acr`, `professional`, `identityStatus`: for the record alone.
  public var claims: IdentityClaims
  /// Who signed it: the names of two issuers have nothing to do with each other.
  var signer = Signer.apiKey

  enum Signer: String, Hashable, Sendable {
    /// The API key pair of this server.
    case apiKey
    /// A key of `api.jwks`.
    case keySet
  }

  public init(
    role: ParticipantRole, consultation: ConsultationID?, name: DisplayName? = nil,
    subject: String? = nil, identifier: String? = nil, notBefore: WallClock? = nil,
    expires: WallClock, singleUse: Bool = false, claims: IdentityClaims = IdentityClaims()
  ) {
    self.role = role
    self.consultation = consultation
    self.name = name
    self.subject = subject
    self.identifier = identifier
    self.notBefore = notBefore
    self.expires = expires
    self.singleUse = singleUse
    self.claims = claims
  }

  /// Whether a token may go without `consultation`.
  static func isUnbound(_ role: ParticipantRole) -> Bool {
    switch role {
    case .ops, .backend, .loadtest: true
    case .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer: false
    }
  }

  /// Two tokens of one bearer: who may take over the participant of the other.
  func isSameBearer(as other: AccessToken) -> Bool {
    guard role == other.role, consultation == other.consultation, signer == other.signer else {
      return false
    }
    if role == .loadtest { return true }
    if let subject { return subject == other.subject }
    if let identifier { return identifier == other.identifier }
    return false
  }

  /// Under which name the use of a single-use token is remembered.
  var spentName: String? {
    identifier.map { signer == .apiKey ? $0 : "\(signer.rawValue) \($0)" }
  }

  /// Whose token it is, in the log of who has read what: the same in all consultations.
  var reader: BearerMark { mark(of: "reader") }

  /// Whose token it is, for a ban: the same for all tokens of a `subject`, else of this token alone.
  func bearer(in consultation: ConsultationID) -> BearerMark { mark(of: "bearer\n\(consultation)") }

  private func mark(of purpose: String) -> BearerMark {
    let who =
      if let subject {
        "sub \(subject)"
      } else if let identifier {
        "jti \(identifier)"
      } else {
        "\(role.rawValue) \(notBefore?.milliseconds ?? 0) \(expires.milliseconds) \(name?.rawValue ?? "")"
      }
    let text = "visavis \(purpose)\n\(signer.rawValue)\n\(who)"
    return BearerMark(rawValue: Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())
  }
}
