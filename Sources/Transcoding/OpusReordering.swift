public import Wire

/// Opus packets as they come, to packets in the order of their sound. What is missing is waited for, since it may
/// come again; what never comes is a gap.
public struct OpusReordering: Sendable {
  public struct Packet: Hashable, Sendable {
    public var octets: [UInt8]
    /// RTP, 48 kHz.
    public var timestamp: UInt32
    public var arrival: MediaInstant
    public var isStereo: Bool
  }

  /// So long something missing is waited for: a retransmission over a bad path.
  static let patience = MediaDuration.milliseconds(250)
  static let capacity = 64
  /// So far back is no packet that is late, but a clock that was set.
  private static let step: Int64 = 48_000 * 2

  private struct Waiting {
    var packet: Packet
    var sampleCount: Int64
  }

  public private(set) var malformed: UInt64 = 0
  private var unwrapper = TimestampUnwrapper()
  private var waiting: [Int64: Waiting] = [:]
  /// Where what was handed out ends.
  private var end: Int64?

  public init() {}

  /// Another stream begins.
  public mutating func restart() {
    unwrapper = TimestampUnwrapper()
    waiting = [:]
    end = nil
  }

  /// - Parameter payload: Opus, without RED.
  public mutating func insert(
    timestamp: UInt32, payload: UnsafeRawBufferPointer, now: MediaInstant
  ) {
    guard let packet = OpusPacket(payload) else {
      malformed &+= 1
      return
    }
    let time = unwrapper.unwrap(timestamp)
    if let end, time < end {
      guard end - time > Self.step else { return }
      waiting = [:]
      self.end = nil
    }
    guard waiting[time] == nil else { return }
    waiting[time] = Waiting(
      packet: Packet(
        octets: Array(payload), timestamp: timestamp, arrival: now, isStereo: packet.isStereo),
      sampleCount: Int64(packet.sampleCount))
  }

  /// The next packet; `nil` when there is none now. Call it until it returns `nil`.
  public mutating func next(now: MediaInstant) -> Packet? {
    guard let first = waiting.keys.min(), let one = waiting[first] else { return nil }
    let isDue =
      end.map { first <= $0 } ?? true || now - one.packet.arrival >= Self.patience
      || waiting.count > Self.capacity
    guard isDue else { return nil }
    waiting[first] = nil
    end = first + one.sampleCount
    return one.packet
  }
}
