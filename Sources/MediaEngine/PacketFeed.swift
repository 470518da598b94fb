internal import Synchronization

/// Packets of a picture that was made anew, on their way from a thread that encodes to a worker: `PacketTap` the
/// other way round.
///
/// A ring of fixed size: one side writes, one side reads, neither waits for the other, nothing is allocated and no
/// system call is made; the worker looks by itself. What does not fit is dropped and counted. What the worker wants
/// of the encoder goes back the same way: a keyframe, a bitrate.
public final class PacketFeed: @unchecked Sendable {
  /// bit/s: below, no picture is worth sending; a path that carries more than this carries others.
  public static let bitrates = 80_000...400_000

  /// Packets that wait at most.
  public let capacity: Int
  private let lengths: UnsafeMutablePointer<UInt16>
  private let octets: UnsafeMutableRawPointer
  /// Count packets that were read, and those that were written; both only ever grow.
  private let read = Atomic<Int>(0)
  private let written = Atomic<Int>(0)
  private let droppedCount = Atomic<UInt64>(0)
  private let keyframeQuestions = Atomic<UInt32>(0)
  private let wantedBitrate: Atomic<Int>

  private static let slot = 1504

  /// - Parameter bitrate: what the encoder begins with, bit/s.
  public init(capacity: Int, bitrate: Int = 200_000) {
    precondition(capacity > 0)
    self.capacity = capacity
    wantedBitrate = Atomic(bitrate)
    lengths = .allocate(capacity: capacity)
    octets = .allocate(byteCount: capacity * Self.slot, alignment: 16)
  }

  deinit {
    lengths.deallocate()
    octets.deallocate()
  }

  // MARK: The encoder's side

  /// - Parameter packet: a whole RTP packet, under a payload type of the publication's.
  /// - Returns: `false` when there is no room, which is counted: what follows needs a keyframe.
  public func write(_ packet: UnsafeRawBufferPointer) -> Bool {
    let place = written.load(ordering: .relaxed)
    guard packet.count <= Self.slot, place &- read.load(ordering: .acquiring) < capacity,
      let from = packet.baseAddress
    else {
      droppedCount.add(1, ordering: .relaxed)
      return false
    }
    let index = place % capacity
    (octets + index &* Self.slot).copyMemory(from: from, byteCount: packet.count)
    lengths[index] = UInt16(truncatingIfNeeded: packet.count)
    written.add(1, ordering: .releasing)
    return true
  }

  /// Grows with each keyframe that is asked for.
  public var keyframesAsked: UInt32 { keyframeQuestions.load(ordering: .relaxed) }

  /// What the viewers' paths carry, bit/s.
  public var bitrate: Int { wantedBitrate.load(ordering: .relaxed) }

  /// Packets that found no room, since the beginning.
  public var dropped: UInt64 { droppedCount.load(ordering: .relaxed) }

  // MARK: The worker's side

  /// Copies the oldest packet that waits.
  /// - Returns: its length; `nil`: nothing waits.
  package func take(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let place = read.load(ordering: .relaxed)
    guard place < written.load(ordering: .acquiring) else { return nil }
    let index = place % capacity
    let length = min(Int(lengths[index]), buffer.count)
    buffer.copyMemory(
      from: UnsafeRawBufferPointer(start: octets + index &* Self.slot, count: length))
    read.store(place &+ 1, ordering: .releasing)
    return length
  }

  /// Leaves what waits.
  func discard() { read.store(written.load(ordering: .acquiring), ordering: .releasing) }

  func askKeyframe() { keyframeQuestions.add(1, ordering: .relaxed) }

  func setBitrate(_ bitrate: Int) { wantedBitrate.store(bitrate, ordering: .relaxed) }
}
