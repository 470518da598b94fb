/// How the outbox of webhooks stands.
public struct WebhookState: Hashable, Sendable {
  /// The number of the newest event; 0: there was none.
  public let last: Int64
  /// Not delivered yet.
  public let pending: Int
  public let oldestPending: WallClock?
  /// Tried for a day in vain, of those that can still be sent again.
  public let givenUp: Int

  public init(last: Int64, pending: Int, oldestPending: WallClock?, givenUp: Int) {
    self.last = last
    self.pending = pending
    self.oldestPending = oldestPending
    self.givenUp = givenUp
  }
}
