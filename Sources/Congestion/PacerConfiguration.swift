public import Wire

/// Bounds of a `Pacer`.
public struct PacerConfiguration: Hashable, Sendable {
  /// How long a picture waits before it is dropped: later it would only delay those behind it.
  public var videoPatience = MediaDuration.milliseconds(500)
  /// How long a retransmission waits: the viewer has asked again by then.
  public var retransmissionPatience = MediaDuration.milliseconds(250)
  /// Packets that wait, by kind and of one flow. A key picture has up to two hundred.
  public var videoPackets = 512
  public var retransmissionPackets = 128
  public var flowPackets = 384
  /// Waiting packets of each kind that there is memory for from the beginning.
  public var reserved = 0
  /// Flows that are counted apart; those with higher numbers share the last place.
  public var flows = 16
  /// What leaves at once after silence, as time at the rate: about the length of a turn of the worker.
  public var burst = MediaDuration.milliseconds(5)
  /// A probe that is not sent by then is given up.
  public var probePatience = MediaDuration.milliseconds(250)

  public init() {}
}
