public import Wire

/// Bounds of a `BandwidthEstimator`. Rates in bits/s, of packets as their length was given.
public struct BandwidthEstimatorConfiguration: Hashable, Sendable {
  public var start = 300_000
  /// Below this the conversation would end anyway: sound needs it.
  public var minimum = 40_000
  public var maximum = 10_000_000
  /// Packets whose fate is waited for.
  public var logCapacity = SentPacketLog.defaultCapacity
  /// A queue that stands this long stops growth.
  public var queueTolerance = MediaDuration.milliseconds(50)
  /// A queue shorter than this is no over-use, whatever its trend.
  public var queueNoise = MediaDuration.milliseconds(10)
  /// The same on a path with jitter, where half of the jitter is noise.
  public var largestQueueNoise = MediaDuration.milliseconds(30)
  /// A queue longer than this is drained by sending less for a while.
  public var queueTarget = MediaDuration.milliseconds(60)
  /// A queue longer than this that does not drain is over-use, whatever its trend.
  public var queueLimit = MediaDuration.milliseconds(120)
  /// Cuts that such a queue may cause before it is believed to be made by others.
  public var queueCuts = 4
  /// Silence of feedback, beyond the round trip, before the estimate is cut.
  public var feedbackTimeout = MediaDuration.milliseconds(700)
  /// How much faster than the estimate bursts leave: `pacingSlow` up to 300 kbit/s (where a key
  /// picture sent too fast is heard), `pacingFast` from 1.5 Mbit/s.
  public var pacingSlow = 1.15
  public var pacingFast = 2.0
  /// Instead of `pacingFast` where over-use has shown what the path carries: a burst that leaves faster
  /// than that waits on the path, looks like over-use, and arrives no sooner.
  public var pacingKnown = 1.25
  /// A change of the estimate that is worth an event, as a share.
  public var notable = 0.03

  public init() {}
}
