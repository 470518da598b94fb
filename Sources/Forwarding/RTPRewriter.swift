internal import CPrefetch
internal import Wire

/// What a viewer gets in place of the publisher's numbers.
struct RewrittenFields: Equatable {
  /// Unwrapped; the low 16 bits go on the wire.
  var sequence: Int64
  var timestamp: UInt32
  /// VP8 only; modulo 2^15 (cut to 7 bits where the packet has the short form).
  var pictureID: UInt16
  var tl0PicIdx: UInt8
}

/// Keeps the stream towards one viewer continuous, whatever happens to what it carries: sequence
/// number, timestamp and VP8 picture numbers are those of the publisher plus offsets.
///
/// - A packet lost on the publisher's side leaves its gap, so that it fits in when it comes late.
/// - A packet that we leave out (`skip`) leaves no gap, and a picture that we leave out none either.
/// - At `resynchronize` (another publication, a publisher that restarted, the end of a mute) the
///   stream goes on with the next sequence number and picture id and a timestamp that is later by
///   the time that passed. Packets from before that point have no number any more.
struct RTPRewriter: ~Copyable {
  /// From this index on the sequence number is the index plus `offset`, and the picture id that of the
  /// publisher plus `pictureOffset`.
  private struct Step {
    var index: Int64
    var offset: Int64
    var pictureOffset: UInt16
  }

  /// Left-out packets whose order relative to late ones we remember.
  static let maximumSteps = 32

  private let steps: UnsafeMutablePointer<Step>
  private var stepCount = 0

  /// The newest number sent; the first packet gets the one after.
  private(set) var lastSequence: Int64
  private(set) var lastTimestamp: UInt32
  private var lastSent: MediaInstant?
  private var lastPictureID: UInt16
  private var lastTL0: UInt8

  private var highestIndex: Int64 = .min
  /// To be added to the publisher's timestamps.
  private(set) var timestampOffset: UInt32 = 0
  private var tl0Offset: UInt8 = 0
  /// The publisher's number of the last picture that was left out.
  private var lastSkipped: UInt16?
  private(set) var isSynchronized = false

  /// - Parameter position: where a former stream of the same source ended.
  init(continuing position: StreamPosition?, random: inout SeededRandom) {
    let bits = random.next()
    lastSequence = position?.sequence ?? StreamPosition.firstSequence(bits)
    lastTimestamp = position?.timestamp ?? UInt32(truncatingIfNeeded: bits >> 16)
    lastPictureID = UInt16(truncatingIfNeeded: bits >> 48) & 0x7FFF
    lastTL0 = UInt8(truncatingIfNeeded: bits >> 56)
    steps = .allocate(capacity: Self.maximumSteps)
  }

  deinit { steps.deallocate() }

  /// The next packet has no place in the numbers so far.
  mutating func desynchronize() { isSynchronized = false }

  /// Makes `packet` the next of the stream.
  /// - Parameters:
  ///   - keepsClock: its timestamps continue those of the last packet sent.
  ///   - aligned: what must be added to its timestamps to continue them, where that is known otherwise.
  mutating func resynchronize(
    at packet: MediaPacket, clockRate: UInt32, keepsClock: Bool, aligned: UInt32? = nil,
    now: MediaInstant
  ) {
    steps[0] = Step(
      index: packet.index, offset: lastSequence &+ 1 &- packet.index,
      pictureOffset: packet.vp8?.pictureID.map { lastPictureID &+ 1 &- $0 } ?? 0)
    stepCount = 1
    lastSkipped = nil
    highestIndex = .min
    if let lastSent, let aligned, !keepsClock,
      let next = plausible(packet.timestamp &+ aligned, clockRate, now - lastSent)
    {
      timestampOffset = next &- packet.timestamp
    } else if let lastSent, !keepsClock {
      // At least 10 ms, so that it is another frame.
      let passed = max(now - lastSent, .milliseconds(10))
      let next = lastTimestamp &+ RTPClock.ticks(passed, rate: clockRate)
      timestampOffset = next &- packet.timestamp
    } else if lastSent == nil {
      timestampOffset = lastTimestamp &- packet.timestamp
    }
    if let index = packet.vp8?.tl0PicIdx { tl0Offset = lastTL0 &+ 1 &- index }
    isSynchronized = true
  }

  /// A timestamp that comes next, a little later when it would not be later than the last; `nil` when
  /// the time that passed says otherwise.
  private func plausible(
    _ timestamp: UInt32, _ clockRate: UInt32, _ passed: MediaDuration
  ) -> UInt32? {
    let ahead = Int32(bitPattern: timestamp &- lastTimestamp)
    let second = Int32(clamping: clockRate)
    guard ahead > -second,
      UInt32(clamping: ahead) <= RTPClock.ticks(passed, rate: clockRate) &+ clockRate
    else { return nil }
    return lastTimestamp &+ UInt32(max(ahead, second / 1000))
  }

  /// The numbers of a packet that is about to be sent; `nil` when it is from before
  /// `resynchronize`, or too late to tell its place.
  mutating func rewrite(_ packet: MediaPacket, now: MediaInstant) -> RewrittenFields? {
    guard isSynchronized, let step = step(at: packet.index) else { return nil }
    var fields = RewrittenFields(
      sequence: packet.index &+ step.offset, timestamp: packet.timestamp &+ timestampOffset,
      pictureID: 0, tl0PicIdx: 0)
    if let vp8 = packet.vp8 {
      fields.pictureID = ((vp8.pictureID ?? 0) &+ step.pictureOffset) & 0x7FFF
      fields.tl0PicIdx = (vp8.tl0PicIdx ?? 0) &+ tl0Offset
    }
    if packet.index > highestIndex {
      highestIndex = packet.index
      lastSequence = fields.sequence
      lastTimestamp = fields.timestamp
      lastSent = now
      if let vp8 = packet.vp8 {
        if vp8.pictureID != nil { lastPictureID = fields.pictureID }
        if vp8.tl0PicIdx != nil { lastTL0 = fields.tl0PicIdx }
      }
    }
    return fields
  }

  /// Whether newer packets have gone out, or were left out, already.
  func isLate(_ index: Int64) -> Bool { index <= highestIndex }

  /// Leaves a packet out of the stream.
  /// - Parameter picture: the publisher's number of the picture that is left out with it.
  /// - Returns: `false` when newer packets have gone out already, so that its number is a hole that
  ///   the viewer sees.
  mutating func skip(_ index: Int64, picture: UInt16? = nil) -> Bool {
    guard isSynchronized, stepCount > 0 else { return true }
    guard index > highestIndex else { return step(at: index) == nil }
    highestIndex = index
    let last = steps[stepCount &- 1]
    var next = Step(
      index: index &+ 1, offset: last.offset &- 1, pictureOffset: last.pictureOffset)
    if let picture, picture != lastSkipped {
      lastSkipped = picture
      next.pictureOffset &-= 1
    }
    // Nothing went out since the last step: the same step, one further.
    if last.index == index {
      steps[stepCount &- 1] = next
      return true
    }
    if stepCount == Self.maximumSteps {
      for i in 1..<stepCount { steps[i &- 1] = steps[i] }
      stepCount &-= 1
    }
    steps[stepCount] = next
    stepCount &+= 1
    return true
  }

  func prefetch() { CPrefetch.prefetch(steps) }

  private func step(at index: Int64) -> Step? {
    var i = stepCount &- 1
    while i >= 0 {
      if steps[i].index <= index { return steps[i] }
      i &-= 1
    }
    return nil
  }
}
