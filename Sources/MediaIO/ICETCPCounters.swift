/// What the TCP connections of a worker counted since its start.
public struct ICETCPCounters: Hashable, Sendable {
  /// At this moment.
  public var connections: UInt64 = 0
  public var accepted: UInt64 = 0
  /// Closed at once: too many connections, or too many of one address that nobody vouched for.
  public var refused: UInt64 = 0
  /// The system had no descriptor or memory for another connection.
  public var exhausted: UInt64 = 0
  /// Closed because no authenticated check came over it in time.
  public var unauthenticated: UInt64 = 0
  /// Closed because the peer it belonged to is gone, or has stopped checking.
  public var abandoned: UInt64 = 0
  /// Closed because of a frame longer than a datagram may be.
  public var malformed: UInt64 = 0
  /// Ended by the other side or the network.
  public var ended: UInt64 = 0
  public var framesReceived: UInt64 = 0
  /// Dropped because the arena had no slot.
  public var discarded: UInt64 = 0
  public var framesSent: UInt64 = 0
  /// Dropped because the peer reads too slowly.
  public var sendRefused: UInt64 = 0
  /// For a connection that is gone.
  public var sendFailed: UInt64 = 0

  public init() {}
}
