public import Wire

/// How one direction of a path treats datagrams.
public struct LinkConditions: Hashable, Sendable {
  public enum Loss: Hashable, Sendable {
    case none
    /// Each datagram by itself.
    case uniform(Double)
    /// Two states (Gilbert and Elliott): the chance to turn bad and to turn good before each
    /// datagram, and the loss in either state.
    case bursts(toBad: Double, toGood: Double, whenGood: Double, whenBad: Double)
  }

  public var loss: Loss
  /// One way.
  public var delay: MediaDuration
  /// Added to the delay, between zero and this.
  public var jitter: MediaDuration
  /// Whether what is delayed less than what was sent before it waits for that, as in one queue. Else it
  /// overtakes.
  public var keepsOrder = true
  /// The chance that a datagram is held back by `reorderDelay`, so that later ones overtake it.
  public var reordering: Double
  public var reorderDelay: MediaDuration
  /// The chance that a datagram comes twice.
  public var duplication: Double
  /// Bits a second; `nil` = no limit.
  public var rate: Int64?
  /// Octets that wait for the rate at most; the rest is dropped.
  public var queue: Int
  /// What others send through the same bottleneck, bits a second; needs a `rate`.
  public var crossTraffic: Int64 = 0

  public init(
    loss: Loss = .none, delay: MediaDuration = .milliseconds(20), jitter: MediaDuration = .zero,
    reordering: Double = 0, reorderDelay: MediaDuration = .milliseconds(8),
    duplication: Double = 0, rate: Int64? = nil, queue: Int = 200_000
  ) {
    self.loss = loss
    self.delay = delay
    self.jitter = jitter
    self.reordering = reordering
    self.reorderDelay = reorderDelay
    self.duplication = duplication
    self.rate = rate
    self.queue = queue
  }

  public static let perfect = LinkConditions()
}
