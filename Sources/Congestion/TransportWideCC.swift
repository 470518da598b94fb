internal import CPrefetch
public import Wire

/// The receiving side of transport-wide congestion control: notes when each packet of a peer arrived
/// and reports it (draft-holmer-rmcat-transport-wide-cc-extensions-01).
///
/// The owner calls `packetArrived` for every RTP packet that carries a transport-wide sequence
/// number, and from `nextDeadline` on `writeFeedback` until it returns `nil`. Arrivals are held in a
/// window that begins small and grows to what the packet rate asks for, up to its capacity.
public struct TransportWideCC: ~Copyable {
  /// Arrivals that are held: at the slowest reporting, 8192 packets a second.
  public static let defaultCapacity = 2048
  /// How far behind what was already reported a late packet is still taken, in packets: it makes
  /// the next feedback start there and repeat what follows.
  static let lateLimit: Int64 = 512
  private static let notReceived = Int64.min

  /// What was not reported, and why.
  public struct Counters: Hashable, Sendable {
    public var arrivals: UInt64 = 0
    public var duplicates: UInt64 = 0
    /// Behind the window or `lateLimit`.
    public var tooLate: UInt64 = 0
    /// Pushed out of the window before they were reported.
    public var overrun: UInt64 = 0
    /// The sequence jumped by more than the window: reporting started anew.
    public var restarts: UInt64 = 0
    public var feedbackPackets: UInt64 = 0
    public var feedbackBytes: UInt64 = 0
  }

  private let sender: SSRC
  static let initialSize = 128

  private let capacity: Int
  private var mask: Int64
  /// Arrival of sequence s at `s & mask`, in ticks of 250 us.
  private var ticks: UnsafeMutablePointer<Int64>
  private var unwrapper = SequenceUnwrapper()
  private var media = SSRC(0)
  /// The first number that the next feedback is about, and the one behind the highest seen. When
  /// they differ, the last of them was received.
  private var reportFrom: Int64 = 0
  private var end: Int64 = 0
  private var feedbackCount: UInt8 = 0
  private var pacing = FeedbackPacing()
  /// When `writeFeedback` has something to write; `nil` when nothing arrived since.
  public private(set) var nextDeadline: MediaInstant?
  public private(set) var counters = Counters()

  /// - Parameters:
  ///   - sender: the SSRC that our feedback comes from.
  ///   - capacity: rounded up to a power of two, at least 64.
  public init(sender: SSRC, capacity: Int = Self.defaultCapacity) {
    self.sender = sender
    var size = 64
    while size < min(capacity, 16_384) { size *= 2 }
    self.capacity = size
    size = min(size, Self.initialSize)
    mask = Int64(size - 1)
    ticks = .allocate(capacity: size)
    ticks.initialize(repeating: Self.notReceived, count: size)
  }

  deinit { ticks.deallocate() }

  private func slot(_ sequence: Int64) -> Int { Int(truncatingIfNeeded: sequence & mask) }

  /// Says that a packet arrives soon: where it will be noted should be near by then.
  public func prefetchNextPacket() { CPrefetch.prefetch(ticks + slot(end)) }

  /// Notes a packet.
  ///
  /// - Parameters:
  ///   - transportSequence: from its header extension.
  ///   - media: its SSRC, named in the feedback.
  ///   - length: its octets, for the share of the bandwidth that feedback may take.
  public mutating func packetArrived(
    transportSequence: UInt16, media: SSRC, length: Int, at now: MediaInstant
  ) {
    self.media = media
    pacing.received(length: length, at: now)
    let isFirst = unwrapper.highest == nil
    let sequence = unwrapper.unwrap(transportSequence)
    if isFirst {
      reportFrom = sequence
      end = sequence
    }
    guard sequence >= end || note(late: sequence) else { return }
    if sequence >= end { advance(to: sequence) }
    ticks[slot(sequence)] = Self.tick(of: now)
    counters.arrivals &+= 1
    if nextDeadline == nil { nextDeadline = pacing.deadline(now: now) }
    // A burst is reported before it fills the window.
    if end &- reportFrom > mask / 2 { nextDeadline = now }
  }

  /// Makes room for a window of more packets than now, as far as the capacity allows.
  @inline(never)
  private mutating func grow(for count: Int64) {
    let old = ticks
    let oldMask = mask
    var size = Int(mask) + 1
    while size < count, size < capacity { size *= 2 }
    mask = Int64(size - 1)
    ticks = .allocate(capacity: size)
    ticks.initialize(repeating: Self.notReceived, count: size)
    for sequence in (end &- oldMask &- 1)..<end {
      ticks[slot(sequence)] = old[Int(truncatingIfNeeded: sequence & oldMask)]
    }
    old.deallocate()
  }

  /// Moves the window so that it ends with `sequence`.
  private mutating func advance(to sequence: Int64) {
    // Twice what waits to be reported: the rest is for packets that come late.
    let needed = (sequence &- min(reportFrom, end) &+ 1) &* 2
    if needed > mask, mask &+ 1 < capacity { grow(for: needed &+ 1) }
    if sequence &- end > mask {
      counters.restarts &+= 1
      ticks.update(repeating: Self.notReceived, count: Int(mask) + 1)
      reportFrom = sequence
      end = sequence &+ 1
      return
    }
    while end <= sequence {
      let slot = slot(end)
      if ticks[slot] != Self.notReceived {
        // What stood there is one window behind `end`.
        if end &- mask &- 1 >= reportFrom { counters.overrun &+= 1 }
        ticks[slot] = Self.notReceived
      }
      end &+= 1
    }
    reportFrom = max(reportFrom, end &- mask &- 1)
  }

  /// Whether a packet from before the highest is new and near enough to be reported.
  private mutating func note(late sequence: Int64) -> Bool {
    guard sequence >= end &- mask &- 1, sequence >= reportFrom &- Self.lateLimit else {
      counters.tooLate &+= 1
      return false
    }
    guard ticks[slot(sequence)] == Self.notReceived else {
      counters.duplicates &+= 1
      return false
    }
    reportFrom = min(reportFrom, sequence)
    return true
  }

  /// Writes the next feedback packet that is due; `nil` when none is (any more).
  ///
  /// - Parameter buffer: 64 octets at least; 1200 keep the datagram below any MTU.
  /// - Returns: the packet's length.
  public mutating func writeFeedback(
    now: MediaInstant, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard let deadline = nextDeadline, deadline <= now else { return nil }
    var sequence = reportFrom
    while sequence < end, ticks[slot(sequence)] == Self.notReceived { sequence &+= 1 }
    guard sequence < end,
      var writer = TransportFeedbackWriter(
        into: buffer, sender: sender, media: media, baseSequence: reportFrom,
        firstArrival: ticks[slot(sequence)], feedbackCount: feedbackCount)
    else {
      completeRound(now: now)
      return nil
    }
    while sequence < end {
      let tick = ticks[slot(sequence)]
      if tick != Self.notReceived, !writer.append(sequence: sequence, arrival: tick) { break }
      sequence &+= 1
    }
    guard let length = writer.finish() else {
      completeRound(now: now)
      return nil
    }
    reportFrom = writer.nextSequence
    feedbackCount &+= 1
    counters.feedbackPackets &+= 1
    counters.feedbackBytes &+= UInt64(length)
    pacing.sent(length: length)
    if reportFrom >= end { completeRound(now: now) }
    return length
  }

  private mutating func completeRound(now: MediaInstant) {
    reportFrom = end
    nextDeadline = nil
    pacing.completeRound(now: now)
  }

  /// Ticks of 250 us, rounded down.
  private static func tick(of instant: MediaInstant) -> Int64 {
    let unit = TransportFeedback.deltaUnit * 1000
    let (quotient, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: unit)
    return rest < 0 ? quotient - 1 : quotient
  }
}
