internal import CPrefetch
public import Wire

/// What was sent to one peer under which transport-wide number, until feedback speaks of it
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2).
///
/// A ring of fixed size, eight octets a packet: what falls out of it unreported counts neither as
/// lost nor as received, as does what a lost feedback would have said. Feedback is not believed
/// further than what was sent: unknown numbers and repetitions are counted and left.
public struct SentPacketLog: ~Copyable {
  /// About two seconds of 4 Mbit/s.
  public static let defaultCapacity = 1024

  public struct Counters: Hashable, Sendable {
    /// Reported for the first time, as received or as lost.
    public var received: UInt64 = 0
    public var lost: UInt64 = 0
    /// First reported as lost, then as received; they are in `received` and `lost`.
    public var late: UInt64 = 0
    /// Of those three, packets of sound: a repeated one has the number of the first and makes up for it.
    public var soundReceived: UInt64 = 0
    public var soundLost: UInt64 = 0
    public var soundLate: UInt64 = 0
    /// Reported again.
    public var repeated: UInt64 = 0
    /// Never sent, or so long ago that it is forgotten.
    public var unknown: UInt64 = 0
  }

  private enum State: UInt8 { case absent, sent, lost, received }

  private struct Entry {
    /// Lower 32 bits of the time of sending in microseconds: 71 minutes.
    var time: UInt32 = 0
    var length: UInt16 = 0
    /// State in bits 0-1, kind in bits 2-3.
    var flags: UInt8 = 0
    var probe: UInt8 = 0

    var state: State {
      get { State(rawValue: flags & 3) ?? .absent }
      set { flags = flags & ~3 | newValue.rawValue }
    }
    var kind: SentPacketKind { SentPacketKind(rawValue: flags >> 2 & 3) ?? .video }
  }

  private let entries: UnsafeMutablePointer<Entry>
  private let mask: Int64
  /// One behind the newest.
  private var end: Int64?
  private var newest = MediaInstant(nanoseconds: 0)
  /// The highest number that feedback spoke of.
  private var reported: Int64?
  /// Octets sent after the newest packet that feedback spoke of. What was sent before and never
  /// reported does not count: its feedback was lost.
  public private(set) var inFlight = 0
  public private(set) var counters = Counters()

  /// - Parameter capacity: packets, rounded up to a power of two between 64 and 16384.
  public init(capacity: Int = Self.defaultCapacity) {
    var size = 64
    while size < min(capacity, 16_384) { size *= 2 }
    mask = Int64(size - 1)
    entries = .allocate(capacity: size)
    entries.initialize(repeating: Entry(), count: size)
  }

  deinit { entries.deallocate() }

  private func place(_ sequence: Int64) -> Int { Int(truncatingIfNeeded: sequence & mask) }

  func prefetchNextPacket() { CPrefetch.prefetch(entries + place(end ?? 0)) }

  /// Notes a packet that leaves.
  ///
  /// - Parameters:
  ///   - sequence: from `TransportSequencer.stamp`; one that is not above the last is ignored.
  ///   - length: octets that it takes on the path.
  public mutating func packetSent(
    sequence: Int64, length: Int, kind: SentPacketKind, probe: ProbeCluster.ID, at now: MediaInstant
  ) {
    if let end {
      guard sequence >= end else { return }
      // Numbers that were skipped hold nothing.
      var skipped = max(end, sequence &- mask)
      while skipped < sequence {
        forget(skipped)
        skipped &+= 1
      }
    }
    forget(sequence)
    end = sequence &+ 1
    newest = max(newest, now)
    let length = min(max(length, 0), Int(UInt16.max))
    entries[place(sequence)] = Entry(
      time: UInt32(truncatingIfNeeded: now.microseconds), length: UInt16(length),
      flags: State.sent.rawValue | kind.rawValue << 2, probe: probe.rawValue)
    inFlight &+= length
  }

  /// What was sent so far went by another path: what feedback still says of it is not believed.
  public mutating func forgetAll() {
    guard let end else { return }
    entries.update(repeating: Entry(), count: Int(mask) + 1)
    inFlight = 0
    reported = end &- 1
  }

  private mutating func forget(_ sequence: Int64) {
    let entry = entries[place(sequence)]
    // What is forgotten here was sent a whole ring ago.
    if sequence &- mask &- 1 > reported ?? Int64.min {
      inFlight = max(inFlight &- Int(entry.length), 0)
    }
    entries[place(sequence)] = Entry()
  }

  /// All up to this number is no longer in flight.
  private mutating func advance(to sequence: Int64) {
    guard let end, sequence > reported ?? Int64.min else { return }
    var passed = max(reported.map { $0 &+ 1 } ?? Int64.min, end &- 1 &- mask)
    while passed <= sequence {
      inFlight = max(inFlight &- Int(entries[place(passed)].length), 0)
      passed &+= 1
    }
    reported = sequence
  }

  /// What a status of a feedback says that is new; `nil` when nothing.
  ///
  /// - Parameter arrival: microseconds of the receiver's clock, `nil` = not received.
  mutating func resolve(_ sequenceNumber: UInt16, arrival: Int64?) -> PacketResult? {
    guard let end else {
      counters.unknown &+= 1
      return nil
    }
    let back = Int64(UInt16(truncatingIfNeeded: end &- 1) &- sequenceNumber)
    let sequence = end &- 1 &- back
    guard back <= mask else {
      counters.unknown &+= 1
      return nil
    }
    let place = place(sequence)
    let entry = entries[place]
    switch (entry.state, arrival) {
    case (.absent, _):
      counters.unknown &+= 1
      return nil
    case (.received, _), (.lost, nil):
      counters.repeated &+= 1
      return nil
    case (.sent, nil):
      counters.lost &+= 1
      if entry.kind == .audio { counters.soundLost &+= 1 }
    case (.sent, .some):
      counters.received &+= 1
      if entry.kind == .audio { counters.soundReceived &+= 1 }
    case (.lost, .some):
      counters.received &+= 1
      counters.late &+= 1
      if entry.kind == .audio {
        counters.soundReceived &+= 1
        counters.soundLate &+= 1
      }
    }
    advance(to: sequence)
    entries[place].state = arrival == nil ? .lost : .received
    let age = UInt32(truncatingIfNeeded: newest.microseconds) &- entry.time
    return PacketResult(
      sequence: sequence,
      sent: MediaInstant(nanoseconds: (newest.microseconds &- Int64(age)) &* 1000),
      arrival: arrival, length: Int(entry.length), kind: entry.kind,
      probe: ProbeCluster.ID(rawValue: entry.probe), wasLost: entry.state == .lost)
  }
}
