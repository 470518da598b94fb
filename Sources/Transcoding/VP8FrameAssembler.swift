public import Wire

/// A VP8 frame, put together from its packets.
public struct VP8Frame: Hashable, Sendable {
  /// As the encoder made it, without payload descriptors.
  public var octets: [UInt8]
  /// RTP, 90 kHz.
  public var timestamp: UInt32
  public var isKeyframe: Bool
  /// Whether no other frame needs this one.
  public var isDiscardable: Bool
}

/// RTP packets of one VP8 stream to whole frames, in order (RFC 7741 section 4.4).
///
/// What is missing is waited for a while, since it may come again; then the frames up to the next
/// keyframe are given up, and `wantsKeyframe` says so. Everything is bounded: packets, octets, and
/// how far ahead a number may be.
public struct VP8FrameAssembler: Sendable {
  public struct Limits: Hashable, Sendable {
    /// Packets that wait.
    public var packets: Int
    /// Of all that waits, and so of a frame.
    public var octets: Int
    /// How long something missing is waited for.
    public var patience: MediaDuration

    public init(
      packets: Int = 1024, octets: Int = 2 << 20, patience: MediaDuration = .milliseconds(400)
    ) {
      self.packets = packets
      self.octets = octets
      self.patience = patience
    }
  }

  public struct Counters: Hashable, Sendable {
    public var packets: UInt64 = 0
    public var frames: UInt64 = 0
    /// No descriptor, or one with nothing behind it.
    public var malformed: UInt64 = 0
    public var duplicates: UInt64 = 0
    /// Came after they had been given up.
    public var late: UInt64 = 0
    /// Times that frames were given up because something stayed away.
    public var gaps: UInt64 = 0
    /// Times that all was given up because too much waited.
    public var overflows: UInt64 = 0

    public init() {}
  }

  private struct Waiting {
    var timestamp: UInt32
    var marker: Bool
    var startsFrame: Bool
    var isKeyframeStart: Bool
    var isDiscardable: Bool
    /// Behind the descriptor; empty for padding.
    var octets: [UInt8]
  }

  public let limits: Limits
  public private(set) var counters = Counters()
  /// Nothing can be shown before the next keyframe.
  public private(set) var wantsKeyframe = true

  private var unwrapper = SequenceUnwrapper()
  /// By unwrapped sequence number.
  private var waiting: [Int64: Waiting] = [:]
  private var waitingOctets = 0
  /// Where the next frame begins; `nil` before the first keyframe.
  private var next: Int64?
  /// Since when something at or behind `next` is missing.
  private var stuckSince: MediaInstant?
  /// Which number that is.
  private var stuckAt: Int64?

  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Another stream begins: forgets what waits.
  public mutating func restart() {
    clear()
    unwrapper = SequenceUnwrapper()
    next = nil
    wantsKeyframe = true
  }

  /// Takes one packet.
  /// - Parameter payload: with its descriptor; empty for a packet of padding.
  public mutating func insert(
    sequenceNumber: UInt16, timestamp: UInt32, marker: Bool, payload: UnsafeRawBufferPointer,
    now: MediaInstant
  ) {
    counters.packets &+= 1
    var packet = Waiting(
      timestamp: timestamp, marker: marker, startsFrame: false, isKeyframeStart: false,
      isDiscardable: false, octets: [])
    if !payload.isEmpty {
      guard let descriptor = VP8Descriptor(payload) else {
        counters.malformed &+= 1
        return
      }
      packet.startsFrame = descriptor.startsFrame
      packet.isKeyframeStart = descriptor.isKeyframeStart
      packet.isDiscardable = descriptor.nonReference
      packet.octets = Array(payload[descriptor.length...])
    }
    let index = unwrapper.unwrap(sequenceNumber)
    if let next, index < next {
      counters.late &+= 1
      return
    }
    guard waiting[index] == nil else {
      counters.duplicates &+= 1
      return
    }
    if waiting.count >= limits.packets || waitingOctets + packet.octets.count > limits.octets {
      counters.overflows &+= 1
      clear()
      next = nil
      wantsKeyframe = true
    }
    waitingOctets += packet.octets.count
    waiting[index] = packet
  }

  /// The next whole frame; `nil` when there is none now. Call it until it returns `nil`.
  public mutating func next(now: MediaInstant) -> VP8Frame? {
    if next == nil { enterAtKeyframe() }
    while let start = next {
      switch scan(from: start) {
      case .frame(let end):
        next = end + 1
        stuckSince = nil
        if let frame = take(start...end) { return frame }
      case .padding:
        _ = remove(start)
        next = start + 1
      case .missing(let index):
        guard waits(at: index, now) else { return nil }
        giveUp()
      case .broken:
        giveUp()
      }
    }
    return nil
  }

  // MARK: Finding frames

  private enum Scan {
    case frame(end: Int64)
    /// A packet without payload between two frames.
    case padding
    /// The first number that is not there.
    case missing(Int64)
    /// What is there is not the beginning of a frame, or does not belong together.
    case broken
  }

  private func scan(from start: Int64) -> Scan {
    guard let first = waiting[start] else { return .missing(start) }
    guard !first.octets.isEmpty else { return .padding }
    guard first.startsFrame else { return .broken }
    var index = start
    while true {
      guard let packet = waiting[index] else { return .missing(index) }
      guard packet.timestamp == first.timestamp else { return .broken }
      if packet.marker { return .frame(end: index) }
      index += 1
    }
  }

  /// Whether the patience with a missing packet is over.
  private mutating func waits(at index: Int64, _ now: MediaInstant) -> Bool {
    guard let highest = unwrapper.highest, highest >= index else {
      // Nothing behind it has come: nothing is missing.
      stuckSince = nil
      return false
    }
    if stuckAt != index || stuckSince == nil {
      stuckAt = index
      stuckSince = now
    }
    // A keyframe that is whole makes waiting pointless.
    if wholeKeyframe(after: index) != nil { return true }
    return stuckSince.map { now - $0 >= limits.patience } ?? false
  }

  private mutating func giveUp() {
    counters.gaps &+= 1
    stuckSince = nil
    let former = next
    next = nil
    wantsKeyframe = true
    if let former, let keyframe = wholeKeyframe(after: former) {
      enter(at: keyframe)
    }
  }

  private mutating func enterAtKeyframe() {
    if let keyframe = wholeKeyframe(after: .min) { enter(at: keyframe) }
  }

  private mutating func enter(at index: Int64) {
    for old in waiting.keys where old < index { _ = remove(old) }
    next = index
  }

  /// The first packet of the latest keyframe behind `index` that has all its packets.
  private func wholeKeyframe(after index: Int64) -> Int64? {
    var found: Int64?
    for (start, packet) in waiting
    where start > index && packet.isKeyframeStart && start > found ?? .min {
      if case .frame = scan(from: start) { found = start }
    }
    return found
  }

  // MARK: Memory

  private mutating func take(_ range: ClosedRange<Int64>) -> VP8Frame? {
    var frame: VP8Frame?
    for index in range {
      guard let packet = remove(index) else { continue }
      if frame == nil {
        frame = VP8Frame(
          octets: packet.octets, timestamp: packet.timestamp, isKeyframe: packet.isKeyframeStart,
          isDiscardable: packet.isDiscardable)
      } else {
        frame?.octets.append(contentsOf: packet.octets)
      }
    }
    if frame?.isKeyframe == true { wantsKeyframe = false }
    if frame != nil { counters.frames &+= 1 }
    return frame
  }

  private mutating func remove(_ index: Int64) -> Waiting? {
    guard let packet = waiting.removeValue(forKey: index) else { return nil }
    waitingOctets -= packet.octets.count
    return packet
  }

  private mutating func clear() {
    waiting.removeAll(keepingCapacity: true)
    waitingOctets = 0
    stuckSince = nil
  }
}
