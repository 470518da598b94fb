public import Wire

/// Opus packets as they come, to what a decoder does at its time: decode, recover, conceal.
///
/// Sound is due `delay` after its packet would have come on the fastest way of the last seconds. The
/// delay follows how much later packets really come, and changes by whole frames: one that is made up
/// more when it grows, one that is decoded but not heard when it shrinks, silence first. Time is an
/// argument; nothing is read and nothing waits here.
public struct AudioJitterBuffer: Sendable {
  public struct Limits: Hashable, Sendable {
    public var minimumDelay: MediaDuration
    public var maximumDelay: MediaDuration
    /// Packets that wait.
    public var packets: Int
    /// For so long sound is made up when nothing more comes; then it pauses.
    public var concealment: MediaDuration

    public init(
      minimumDelay: MediaDuration = .milliseconds(20),
      maximumDelay: MediaDuration = .milliseconds(500), packets: Int = 128,
      concealment: MediaDuration = .milliseconds(100)
    ) {
      self.minimumDelay = minimumDelay
      self.maximumDelay = maximumDelay
      self.packets = packets
      self.concealment = concealment
    }
  }

  /// What to do next. Sample counts are of each channel, at 48 kHz.
  public enum Step: Hashable, Sendable {
    /// Decode the packet; its sound begins at `timestamp`.
    case decode([UInt8], timestamp: Int64)
    /// The packet before this one is lost: take its sound from the redundancy in this one, which is
    /// decoded itself afterwards.
    case recover(before: [UInt8], sampleCount: Int, timestamp: Int64)
    /// Lost, and nothing repeats it: make it up.
    case conceal(sampleCount: Int, timestamp: Int64)
    /// Nothing was sent, since nothing was to be heard (DTX): silence, or the noise of the decoder.
    case silence(sampleCount: Int, timestamp: Int64)
    /// Make up more sound than there is, since the delay grows.
    case stretch(sampleCount: Int, timestamp: Int64)
    /// Decode the packet for the decoder's sake, and leave its sound out: the delay shrinks.
    case skip([UInt8], timestamp: Int64)
  }

  public struct Counters: Hashable, Sendable {
    public var packets: UInt64 = 0
    public var malformed: UInt64 = 0
    public var duplicates: UInt64 = 0
    public var late: UInt64 = 0
    public var overflows: UInt64 = 0
    /// Steps of each kind.
    public var decoded: UInt64 = 0
    public var recovered: UInt64 = 0
    public var concealed: UInt64 = 0
    public var silent: UInt64 = 0
    public var stretched: UInt64 = 0
    public var skipped: UInt64 = 0

    public init() {}
  }

  private struct Waiting {
    var octets: [UInt8]
    var sampleCount: Int
    var sequence: Int64
    var isSilence: Bool
    var canCarryFEC: Bool
  }

  public let limits: Limits
  public private(set) var counters = Counters()
  /// What the spread of arrivals asks for; `delay` follows it.
  public private(set) var target: MediaDuration
  /// How much later than at the earliest sound is due now.
  public var delay: MediaDuration { offset.map { $0 - fastest } ?? target }

  private var arrivals: ArrivalSpread
  private var sequences = SequenceUnwrapper()
  private var timestamps = TimestampUnwrapper()
  /// By unwrapped timestamp.
  private var waiting: [Int64: Waiting] = [:]
  /// Of the next sample that is due; `nil` in a pause.
  private var position: Int64?
  /// In a pause: what is before it was heard already, or made up.
  private var floor: Int64?
  /// When the sample of timestamp 0 would be due.
  private var offset: MediaDuration?
  private var fastest: MediaDuration = .zero
  private var lastSampleCount = 960
  private var lastSequence: Int64?
  private var lastWasSilence = false
  /// Samples that were made up since the last packet.
  private var madeUp = 0
  private var lastShrink: MediaInstant?
  private var lateInARow = 0
  private static let lateLimit = 25
  /// So much too little delay is not worth a change.
  private static let tolerance = MediaDuration.milliseconds(5)
  private static let clockStep = MediaDuration.seconds(2)
  private var aboveSince: MediaInstant?

  public init(limits: Limits = Limits()) {
    self.limits = limits
    target = limits.minimumDelay
    arrivals = ArrivalSpread()
  }

  /// Another stream begins.
  public mutating func restart() {
    let counters = counters
    self = Self(limits: limits)
    self.counters = counters
  }

  /// Takes one packet.
  /// - Parameter payload: Opus, without RED.
  public mutating func insert(
    sequenceNumber: UInt16, timestamp: UInt32, payload: UnsafeRawBufferPointer, now: MediaInstant
  ) {
    counters.packets &+= 1
    guard let packet = OpusPacket(payload) else {
      counters.malformed &+= 1
      return
    }
    let sequence = sequences.unwrap(sequenceNumber)
    let time = timestamps.unwrap(timestamp)
    note(time, now)
    if let first = position ?? floor, time < first {
      counters.late &+= 1
      lateInARow += 1
      // The publisher's clock was set back: what was to be heard has no successor.
      guard lateInARow >= Self.lateLimit else { return }
      waiting.removeAll()
      position = nil
      floor = nil
    }
    lateInARow = 0
    guard waiting[time] == nil else {
      counters.duplicates &+= 1
      return
    }
    if waiting.count >= limits.packets, let oldest = waiting.keys.min() {
      counters.overflows &+= 1
      waiting[oldest] = nil
      if oldest == position { position = nil }
    }
    waiting[time] = Waiting(
      octets: Array(payload), sampleCount: packet.sampleCount, sequence: sequence,
      isSilence: packet.isSilence, canCarryFEC: packet.canCarryFEC)
  }

  /// The next step that is due, in order; `nil` when none is. Call it until it returns `nil`.
  public mutating func next(now: MediaInstant) -> Step? {
    guard let first = position ?? waiting.keys.min() else { return nil }
    if position == nil { begin(at: first) }
    guard let offset, let position, now >= due(position, offset) else { return nil }
    if let step = adapt(position, offset, now) { return step }
    if let packet = waiting.removeValue(forKey: position) { return play(packet, position, now) }
    return fill(position)
  }

  // MARK: Time

  private static func span(_ samples: Int64) -> MediaDuration {
    MediaDuration(nanoseconds: samples &* 62_500 / 3)
  }

  private func due(_ timestamp: Int64, _ offset: MediaDuration) -> MediaInstant {
    MediaInstant(nanoseconds: 0) + Self.span(timestamp) + offset
  }

  private mutating func note(_ timestamp: Int64, _ now: MediaInstant) {
    let way = (now - MediaInstant(nanoseconds: 0)) - Self.span(timestamp)
    arrivals.note(way)
    fastest = arrivals.fastest
    target = min(max(arrivals.spread, limits.minimumDelay), limits.maximumDelay)
  }

  private mutating func begin(at timestamp: Int64) {
    position = timestamp
    offset = fastest + target
    madeUp = 0
    lastSequence = nil
    lastWasSilence = false
    aboveSince = nil
  }

  /// Grows at once, shrinks when there was too much for a second.
  private mutating func adapt(
    _ position: Int64, _ offset: MediaDuration, _ now: MediaInstant
  ) -> Step? {
    let frame = Self.span(Int64(lastSampleCount))
    let surplus = offset - (fastest + target)
    // Another clock, not another path.
    guard surplus.nanoseconds.magnitude < Self.clockStep.nanoseconds.magnitude else {
      self.offset = fastest + target
      return nil
    }
    if surplus <= Self.tolerance * -1 {
      let missing = Int(surplus.nanoseconds.magnitude * 48 / 1_000_000)
      let count = min(Self.whole(missing), lastSampleCount)
      self.offset = offset + Self.span(Int64(count))
      counters.stretched &+= 1
      return .stretch(sampleCount: count, timestamp: position)
    }
    guard surplus > frame else {
      aboveSince = nil
      return nil
    }
    if aboveSince == nil { aboveSince = now }
    guard let since = aboveSince, let packet = waiting[position],
      now - since >= (packet.isSilence ? .milliseconds(200) : .seconds(1)),
      lastShrink.map({ now - $0 >= .milliseconds(400) }) ?? true
    else { return nil }
    lastShrink = now
    self.offset = offset - Self.span(Int64(packet.sampleCount))
    waiting[position] = nil
    advance(past: packet, position)
    counters.skipped &+= 1
    return .skip(packet.octets, timestamp: position)
  }

  // MARK: Steps

  private mutating func advance(past packet: Waiting, _ position: Int64) {
    self.position = position + Int64(packet.sampleCount)
    lastSampleCount = packet.sampleCount
    lastSequence = packet.sequence
    lastWasSilence = packet.isSilence
    madeUp = 0
  }

  private mutating func play(
    _ packet: Waiting, _ position: Int64, _ now: MediaInstant
  ) -> Step {
    advance(past: packet, position)
    counters.decoded &+= 1
    return .decode(packet.octets, timestamp: position)
  }

  /// For a time that no packet covers.
  private mutating func fill(_ position: Int64) -> Step? {
    guard let later = waiting.keys.min(), let packet = waiting[later] else {
      return fillTheEnd(position)
    }
    let gap = Int(clamping: later - position)
    // A jump of the timestamps is no loss of so much sound.
    guard gap <= AudioFrame.sampleRate else {
      begin(at: later)
      return nil
    }
    let lost = lastSequence.map { Int(clamping: packet.sequence - $0) - 1 } ?? 1
    let count = Self.whole(min(gap, lastSampleCount))
    self.position = position + Int64(min(gap, count))
    if lost <= 0 {
      counters.silent &+= 1
      return .silence(sampleCount: count, timestamp: position)
    }
    madeUp += count
    if packet.canCarryFEC, gap <= lastSampleCount {
      counters.recovered &+= 1
      return .recover(before: packet.octets, sampleCount: count, timestamp: position)
    }
    counters.concealed &+= 1
    return .conceal(sampleCount: count, timestamp: position)
  }

  private mutating func fillTheEnd(_ position: Int64) -> Step? {
    let count = Self.whole(lastSampleCount)
    self.position = position + Int64(count)
    madeUp += count
    if lastWasSilence {
      // DTX: at the latest after 400 ms something comes.
      guard madeUp <= AudioFrame.sampleRate else {
        pause(at: position)
        return nil
      }
      counters.silent &+= 1
      return .silence(sampleCount: count, timestamp: position)
    }
    guard Self.span(Int64(madeUp)) <= limits.concealment else {
      pause(at: position)
      return nil
    }
    counters.concealed &+= 1
    return .conceal(sampleCount: count, timestamp: position)
  }

  private mutating func pause(at position: Int64) {
    self.position = nil
    floor = position
  }

  /// What a decoder makes up: whole steps of 2.5 ms.
  private static func whole(_ samples: Int) -> Int {
    min(max((samples + 119) / 120 * 120, 120), OpusPacket.maximumSamples)
  }
}

/// How long packets were on their way, compared with the fastest of the last few seconds.
private struct ArrivalSpread: Sendable {
  static let capacity = 256

  private(set) var fastest: MediaDuration = .zero
  /// Later than the fastest are all but one in thirty by no more than this.
  private(set) var spread: MediaDuration = .zero
  private var ways: [MediaDuration] = []
  private var place = 0
  private var untilSorted = 0

  mutating func note(_ way: MediaDuration) {
    // Another clock: what came before it says nothing.
    if (way - fastest).nanoseconds.magnitude > 2_000_000_000 { ways.removeAll() }
    if ways.count < Self.capacity {
      ways.append(way)
      if ways.count == 1 { place = 0 }
    } else {
      ways[place] = way
      place = (place + 1) % Self.capacity
    }
    // A much later packet counts at once.
    let isLate = way - fastest > spread
    untilSorted -= 1
    guard untilSorted <= 0 || isLate || way < fastest || ways.count < 16 else { return }
    untilSorted = 16
    let sorted = ways.sorted()
    fastest = sorted[0]
    spread = sorted[sorted.count - 1 - sorted.count / 30] - fastest
  }
}
