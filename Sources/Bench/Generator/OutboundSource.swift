internal import Wire

/// A track that is being sent: its numbers, its encoder, and what is kept for retransmissions.
struct OutboundSource: ~Copyable {
  /// Octets of VP8 payload in one packet, without the descriptor.
  static let packetLimit = 1094
  static let descriptorLength = 6
  static let historyMask = 1023

  /// Enough to build a packet again: the bytes of the picture are not worth keeping.
  struct SentPacket {
    var sequenceNumber: UInt16 = 0
    var isThere = false
    var marker = false
    var startsFrame = false
    var isKeyframe = false
    var pictureID: UInt16 = 0
    var tl0: UInt8 = 0
    /// Of VP8, without the descriptor.
    var octets: UInt16 = 0
    var timestamp: UInt32 = 0
    var stamp = PayloadStamp(source: 0, index: 0, sent: MediaInstant(nanoseconds: 0))
    var lastRetransmission = MediaInstant(nanoseconds: 0)
  }

  /// A frame on its way through the pacer.
  struct Frame {
    var packets: FramePackets
    var left: Int
    var isKeyframe: Bool
    var isStarted = false
    var timestamp: UInt32
    var pictureID: UInt16
    var tl0: UInt8
  }

  let plan: OutboundPlan
  let mid: MediaIdentificationTag?
  var sequenceNumber: UInt16
  var retransmissionSequence: UInt16
  let firstTimestamp: UInt32
  let started: MediaInstant
  /// Counts packets from 0: the next one's.
  var nextIndex: UInt32 = 0
  /// When the next frame is due, before its jitter.
  var cadence: MediaInstant

  // Video.
  var sizer: FrameSizer
  var budget: PacingBudget
  var frames: [Frame] = []
  var pictureID: UInt16
  var tl0: UInt8 = 0
  var isPacing = false
  private let history: UnsafeMutablePointer<SentPacket>?

  // For sender reports.
  var packets: UInt32 = 0
  var octets: UInt32 = 0

  init(_ plan: OutboundPlan, now: MediaInstant, random: inout SeededRandom) {
    self.plan = plan
    mid = MediaIdentificationTag(plan.mid)
    // The lower half, so that the first roll-over cannot be missed (RFC 3711 section 3.3.1).
    sequenceNumber = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    retransmissionSequence = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    firstTimestamp = UInt32(truncatingIfNeeded: random.next())
    pictureID = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    started = now
    let rate: (Double, Double) =
      switch plan.content {
      case .opus: (64, 50)
      case .vp8(let kilobits, let frames): (kilobits, frames)
      }
    sizer = FrameSizer(
      .face720p, kilobitsPerSecond: rate.0, framesPerSecond: rate.1,
      offset: Int(random.next() % 1024))
    budget = PacingBudget(kilobitsPerSecond: rate.0)
    interval = MediaDuration(nanoseconds: Int64(1e9 / rate.1))
    // Participants do not march in step.
    cadence = now + MediaDuration(nanoseconds: Int64(random.next() % UInt64(interval.nanoseconds)))
    if plan.isVideo {
      history = .allocate(capacity: Self.historyMask + 1)
      history?.initialize(repeating: SentPacket(), count: Self.historyMask + 1)
    } else {
      history = nil
    }
  }

  deinit { history?.deallocate() }

  /// Of sound that is repeated: the stamp of the packet before.
  var lastSound: PayloadStamp?
  /// Sound as it was sent, for whoever asks for it again: the newest last.
  var sealed: [(sequenceNumber: UInt16, bytes: [UInt8])] = []

  /// Between frames.
  let interval: MediaDuration

  var clockRate: Int64 { plan.isVideo ? 90_000 : 48_000 }

  func timestamp(at instant: MediaInstant) -> UInt32 {
    let elapsed = (instant - started).nanoseconds
    return firstTimestamp &+ UInt32(truncatingIfNeeded: elapsed * clockRate / 1_000_000_000)
  }

  mutating func remember(_ packet: SentPacket) {
    history?[Int(packet.sequenceNumber) & Self.historyMask] = packet
  }

  /// The packet of this number, when it is still known and was not sent again within a round trip,
  /// as libwebrtc decides it.
  mutating func retransmittable(
    _ sequenceNumber: UInt16, now: MediaInstant, roundTrip: MediaDuration
  ) -> SentPacket? {
    guard let history else { return nil }
    let place = Int(sequenceNumber) & Self.historyMask
    guard history[place].isThere, history[place].sequenceNumber == sequenceNumber,
      now - history[place].lastRetransmission >= max(roundTrip, .milliseconds(5))
    else { return nil }
    history[place].lastRetransmission = now
    return history[place]
  }

  /// The last packet of video, to fill a probe with.
  var newestPacket: SentPacket? {
    guard let packet = history?[Int(sequenceNumber &- 1) & Self.historyMask], packet.isThere else {
      return nil
    }
    return packet
  }

  /// A second of sound stays at hand.
  mutating func keep(sound bytes: UnsafeRawBufferPointer, _ sequenceNumber: UInt16) {
    if sealed.count >= 50 { sealed.removeFirst() }
    sealed.append((sequenceNumber, Array(bytes)))
  }

  /// The encoder makes a frame.
  mutating func encode(at capture: MediaInstant) {
    let (octets, isKeyframe) = sizer.next()
    pictureID = (pictureID &+ 1) & 0x7FFF
    tl0 &+= 1
    let packets = FramePackets(octets: octets, limit: Self.packetLimit)
    frames.append(
      Frame(
        packets: packets, left: packets.count, isKeyframe: isKeyframe,
        timestamp: timestamp(at: capture), pictureID: pictureID, tl0: tl0))
  }

  /// The next packet of the frames in the pacer. `nil`: there was only an empty rest, which is gone.
  mutating func nextPacket() -> SentPacket? {
    guard var frame = frames.first, let octets = frame.packets.next() else {
      if !frames.isEmpty { frames.removeFirst() }
      return nil
    }
    frame.left -= 1
    var packet = SentPacket()
    packet.isThere = true
    packet.marker = frame.left == 0
    packet.startsFrame = !frame.isStarted
    packet.isKeyframe = frame.isKeyframe
    packet.pictureID = frame.pictureID
    packet.tl0 = frame.tl0
    packet.octets = UInt16(octets)
    packet.timestamp = frame.timestamp
    frame.isStarted = true
    if frame.left == 0 { frames.removeFirst() } else { frames[0] = frame }
    return packet
  }
}
