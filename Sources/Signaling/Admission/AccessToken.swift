public import Consultation

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

  public init(
    role: ParticipantRole, consultation: ConsultationID?, name: DisplayName? = nil,
    subject: String? = nil, identifier: String? = nil, notBefore: WallClock? = nil,
    expires: WallClock, singleUse: Bool = false
  ) {
    self.role = role
    self.consultation = consultation
    self.name = name
    self.subject = subject
    self.identifier = identifier
    self.notBefore = notBefore
    self.expires = expires
    self.singleUse = singleUse
  }

  /// Whether a token may go without `consultation`.
  static func isUnbound(_ role: ParticipantRole) -> Bool {
    switch role {
    case .ops, .backend, .loadtest: true
    case .patient, .physician, .interpreter, .relative, .expert, .observer: false
    }
  }

  /// Two tokens of one bearer: who may take over the participant of the other.
  func isSameBearer(as other: AccessToken) -> Bool {
    guard role == other.role, consultation == other.consultation else { return false }
    if role == .loadtest { return true }
    if let subject { return subject == other.subject }
    if let identifier { return identifier == other.identifier }
    return false
  }
}
