/// From where on something is an incident. The defaults are those of ITU-T G.1010 and G.114 where these
/// speak, else our own judgement (Docs/Operations.md).
public struct QualityThresholds: Hashable, Sendable {
  /// Share of packets that do not come by their own way, 0...1.
  public var loss = 0.05
  /// RFC 3550, milliseconds. Sound that is sent evenly, a packet each 20 ms, and comes in order shows 40
  /// at most however long it waits (none comes sooner than with the one before it), and 25 where delays
  /// vary by 200 ms: this is passed where a sender lags, too.
  public var jitter = 60.0
  /// Of one participant's path, milliseconds.
  public var roundTrip = 400.0
  /// Standing in queues, milliseconds.
  public var queue = 150.0
  /// Share of the time without a new picture, 0...1.
  public var frozen = 0.3
  /// Pictures a second.
  public var frameRate = 15.0
  /// Share of sound that is made up, 0...1.
  public var concealed = 0.1
  /// Seconds of digital silence.
  public var silence = 8
  /// Share of packets that are clipped, 0...1.
  public var saturation = 0.3
  /// Seconds without any packet.
  public var outage = 3

  public init() {}
}
