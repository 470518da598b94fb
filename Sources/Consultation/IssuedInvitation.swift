/// That somebody was given a link or a token by the server: an entry of the audit log.
public struct IssuedInvitation: Hashable, Sendable {
  public let consultation: ConsultationID
  /// Who is invited.
  public let role: ParticipantRole
  /// Who has asked for it, and whose token that was.
  public let inviter: ParticipantRole
  public let bearer: BearerMark
  public let expires: WallClock
  public let isSingleUse: Bool

  public init(
    consultation: ConsultationID, role: ParticipantRole, inviter: ParticipantRole,
    bearer: BearerMark, expires: WallClock, isSingleUse: Bool
  ) {
    self.consultation = consultation
    self.role = role
    self.inviter = inviter
    self.bearer = bearer
    self.expires = expires
    self.isSingleUse = isSingleUse
  }
}
