/// The estimate as it is told to who divides it.
public struct EstimateChange: Hashable, Sendable {
  /// What holds the estimate where it is.
  public enum Limit: UInt8, Hashable, Sendable {
    case delay, loss, remb, maximum, minimum
    /// Nothing was heard of what we sent.
    case silence
  }

  /// bits/s
  public var estimate: Int
  public var limit: Limit
  /// Share of packets that is lost, smoothed; 0...1.
  public var loss: Double
  /// Share that would be lost at any rate, as it looks.
  public var inherentLoss: Double

  public init(estimate: Int, limit: Limit, loss: Double, inherentLoss: Double) {
    self.estimate = estimate
    self.limit = limit
    self.loss = loss
    self.inherentLoss = inherentLoss
  }
}
