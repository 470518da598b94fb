public import Wire

/// When and how `ProbeController` probes.
public struct ProbeSettings: Hashable, Sendable {
  public var firstFactor = 3.0
  public var secondFactor = 6.0
  public var furtherFactor = 2.0
  /// A result above this share of the probe's rate leads to a further probe.
  public var furtherShare = 0.7
  public var limitedInterval = MediaDuration.seconds(5)
  public var recoveryInterval = MediaDuration.seconds(3)
  public var longestInterval = MediaDuration.seconds(8)
  /// Growth since a probe that found nothing, after which the next is not put off.
  public var growth = 1.25
  /// How long nothing may have been wrong.
  public var quiet = MediaDuration.seconds(3)
  public var resultTimeout = MediaDuration.seconds(1)
  public var minimumPackets = 6
  public var duration = MediaDuration.milliseconds(20)
  /// On a path with jitter.
  public var longestDuration = MediaDuration.milliseconds(60)
  /// A probe may be this much above what could be sent.
  public var demandFactor = 1.2

  public init() {}
}
