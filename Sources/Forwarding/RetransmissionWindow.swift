public import Wire

/// How long what went to one viewer is worth keeping: a request comes a round trip later, or several
/// when it or its answer was lost; after that the picture has gone on.
///
/// Requests that came too late prove the estimate wrong and widen the window at once; it narrows
/// again with the reports that follow.
public struct RetransmissionWindow: Hashable, Sendable {
  public struct Limits: Hashable, Sendable {
    /// However short the round trip is.
    public var minimum: MediaDuration
    /// While the round trip is not known.
    public var initial: MediaDuration
    /// However long the round trip is.
    public var maximum: MediaDuration
    /// Round trips that are worth waiting for; twice as many where so many packets of 256 are lost
    /// that requests and answers are lost too.
    public var roundTrips: Int64
    public var heavyLoss: UInt8
    /// On top of them: until the viewer notices a loss, and what its path varies.
    public var margin: MediaDuration

    public init(
      minimum: MediaDuration = .milliseconds(250), initial: MediaDuration = .milliseconds(500),
      maximum: MediaDuration = .milliseconds(1500), roundTrips: Int64 = 6,
      heavyLoss: UInt8 = 5, margin: MediaDuration = .milliseconds(100)
    ) {
      self.minimum = minimum
      self.initial = initial
      self.maximum = maximum
      self.roundTrips = roundTrips
      self.heavyLoss = heavyLoss
      self.margin = margin
    }

    func clamp(_ span: MediaDuration) -> MediaDuration { min(max(span, minimum), maximum) }
  }

  public let limits: Limits
  /// Older packets need not be kept.
  public private(set) var span: MediaDuration
  /// What requests that came too late have asked for.
  private var demanded = MediaDuration.zero
  /// Of 256, falling slowly. The first report is about few packets: some loss is assumed.
  private var loss: UInt8 = 6

  public init(limits: Limits) {
    self.limits = limits
    span = limits.clamp(limits.initial)
  }

  /// Until the first report: a handshake takes a round trip, or longer when its packets were lost or
  /// one of the sides was busy. It can shorten the window, not widen it.
  public mutating func note(handshake: MediaDuration) {
    let bounded = min(max(handshake, .zero), limits.maximum)
    span = limits.clamp(min(bounded * limits.roundTrips + limits.margin, limits.initial))
  }

  /// - Parameters:
  ///   - roundTrip: the longest of late.
  ///   - fractionLost: as in the viewer's report block.
  public mutating func note(roundTrip: MediaDuration, fractionLost: UInt8) {
    loss = max(fractionLost, loss - loss / 4)
    demanded = demanded - demanded / 8
    let times = loss < limits.heavyLoss ? limits.roundTrips : limits.roundTrips * 2
    // No product of something absurd.
    let bounded = min(max(roundTrip, .zero), limits.maximum)
    // At most doubled by one report: that may have waited somewhere.
    span = limits.clamp(max(min(bounded * times + limits.margin, span * 2), demanded))
  }

  /// A packet was asked for that is not kept any more.
  /// - Parameter age: since it was sent.
  /// - Returns: whether the window is wider now.
  public mutating func noteTooLate(age: MediaDuration) -> Bool {
    guard age >= span, span < limits.maximum else { return false }
    demanded = min(age, limits.maximum) + limits.margin
    span = limits.clamp(demanded)
    return true
  }
}
