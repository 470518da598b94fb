/// How content somebody was with a consultation: a number and nothing else.
public struct Satisfaction: Hashable, Sendable {
  public let role: ParticipantRole
  /// 1 (not at all) to 5 (very).
  public let score: Int

  /// `nil`: the role is not asked, or there is no such score.
  public init?(role: ParticipantRole, score: Int) {
    guard Self.isAsked(role), (1...5).contains(score) else { return nil }
    self.role = role
    self.score = score
  }

  public static func isAsked(_ role: ParticipantRole) -> Bool {
    role == .patient || role == .physician
  }
}
