/// Names the bearer of a token within one consultation without telling who it is.
public struct BearerMark: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
}

/// How somebody was taken out by someone entitled to.
public struct Removal: Hashable, Sendable {
  public let role: ParticipantRole
  /// `nil`: the program that books, which is on no roster.
  public let actor: ParticipantID?
  /// Whose tokens are good for nothing in this consultation from now on; `nil`: may come again.
  public let banned: BearerMark?

  public init(by role: ParticipantRole, actor: ParticipantID? = nil, banned: BearerMark? = nil) {
    self.role = role
    self.actor = actor
    self.banned = banned
  }
}
