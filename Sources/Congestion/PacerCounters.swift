extension Pacer {
  public struct FlowCounters: Hashable, Sendable {
    public var waiting = 0
    public var sent: UInt64 = 0
    public var refused: UInt64 = 0
  }

  public struct Counters: Hashable, Sendable {
    public var sent: UInt64 = 0
    /// Of these, those that had waited.
    public var waited: UInt64 = 0
    public var queueFull: UInt64 = 0
    public var flowFull: UInt64 = 0
    public var tooOld: UInt64 = 0
    public var probesGivenUp: UInt64 = 0
  }
}
