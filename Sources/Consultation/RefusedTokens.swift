/// Tokens that were refused for one reason, as the audit log keeps it: how many, not whose.
public struct RefusedTokens: Hashable, Sendable {
  /// A word for programs, as `expired`.
  public let reason: String
  /// The consultation that it was about, where the token was genuine.
  public let consultation: ConsultationID?
  public let count: Int

  public init(reason: String, consultation: ConsultationID?, count: Int) {
    self.reason = reason
    self.consultation = consultation
    self.count = count
  }
}
