internal import Synchronization
public import Wire

/// Copies of one publication's packets on their way from a worker to a thread that decodes them.
///
/// A ring of fixed size: one side writes, one side reads, neither waits for the other, nothing is allocated
/// and no system call is made; the reader looks by itself. What does not fit is dropped and counted. The
/// worker's own packets are never touched.
public final class PacketTap: @unchecked Sendable {
  /// What is known of a packet besides its octets.
  public struct Note: Hashable, Sendable {
    /// When it came.
    public var arrival: MediaInstant
    /// Which encoding of the publication, from the smallest picture up.
    public var encoding: UInt8
    fileprivate var length: UInt16
    fileprivate var isReport = false
  }

  /// When something of a stream was captured, by the publisher's sender reports: its RTP time at an instant of our
  /// clock. Sound and picture of one publisher keep the distance that it gave them.
  public struct ClockReport: Hashable, Sendable {
    public var source: SSRC
    public var instant: MediaInstant
    public var timestamp: UInt32

    public init(source: SSRC, instant: MediaInstant, timestamp: UInt32) {
      self.source = source
      self.instant = instant
      self.timestamp = timestamp
    }
  }

  /// Packets that wait at most.
  public let capacity: Int
  private let notes: UnsafeMutablePointer<Note>
  private let octets: UnsafeMutableRawPointer
  /// Counts packets that were read, and those that were written; both only ever grow.
  private let read = Atomic<Int>(0)
  private let written = Atomic<Int>(0)
  private let droppedCount = Atomic<UInt64>(0)

  private static let slot = 1504

  public init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    notes = .allocate(capacity: capacity)
    octets = .allocate(byteCount: capacity * Self.slot, alignment: 16)
  }

  deinit {
    notes.deallocate()
    octets.deallocate()
  }

  // MARK: The worker's side

  /// Copies a packet; it is there for the reader with `commit`. The next `stage` without one takes its place.
  /// - Returns: `false` when there is no room, which is counted.
  package func stage(_ packet: UnsafeRawBufferPointer, encoding: UInt8, now: MediaInstant) -> Bool {
    let place = written.load(ordering: .relaxed)
    guard packet.count <= Self.slot, place &- read.load(ordering: .acquiring) < capacity,
      let from = packet.baseAddress
    else {
      droppedCount.add(1, ordering: .relaxed)
      return false
    }
    let index = place % capacity
    (octets + index &* Self.slot).copyMemory(from: from, byteCount: packet.count)
    notes[index] = Note(
      arrival: now, encoding: encoding, length: UInt16(truncatingIfNeeded: packet.count))
    return true
  }

  /// Hands over a report at once; one that finds no room is left, since others follow.
  func put(_ report: ClockReport, encoding: UInt8) {
    let place = written.load(ordering: .relaxed)
    guard place &- read.load(ordering: .acquiring) < capacity else { return }
    let index = place % capacity
    (octets + index &* Self.slot).storeBytes(of: report, as: ClockReport.self)
    notes[index] = Note(
      arrival: report.instant, encoding: encoding,
      length: UInt16(MemoryLayout<ClockReport>.size), isReport: true)
    commit()
  }

  package func commit() { written.add(1, ordering: .releasing) }

  // MARK: The reader's side

  /// Hands out what waits, oldest first, at most `limit` packets.
  /// - Parameters:
  ///   - reports: gets what sender reports say, with the encoding that it is about.
  ///   - body: gets the octets of a packet, which are good until it returns.
  /// - Returns: how many there were.
  @discardableResult
  public func drain(
    limit: Int, reports: (ClockReport, UInt8) -> Void = { _, _ in },
    _ body: (UnsafeRawBufferPointer, Note) -> Void
  ) -> Int {
    let start = read.load(ordering: .relaxed)
    let count = min(written.load(ordering: .acquiring) &- start, limit)
    for place in start..<(start &+ max(count, 0)) {
      let index = place % capacity
      let note = notes[index]
      let slot = octets + index &* Self.slot
      if note.isReport {
        reports(slot.load(as: ClockReport.self), note.encoding)
      } else {
        body(UnsafeRawBufferPointer(start: slot, count: Int(note.length)), note)
      }
      read.store(place &+ 1, ordering: .releasing)
    }
    return max(count, 0)
  }

  /// Packets that found no room, since the beginning.
  public var dropped: UInt64 { droppedCount.load(ordering: .relaxed) }
}
