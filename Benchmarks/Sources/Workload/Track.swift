public import Wire

/// A stream of packets in the shape of a real one: VP8 frames of the sizes that an encoder made, cut
/// and paced as libwebrtc does, or Opus.
public final class Track {
  static let videoKilobits = 1500.0
  static let framesPerSecond = 30.0
  static let audioOctets = 80
  /// Octets of VP8 payload in one packet: with the descriptor 1100.
  static let packetLimit = 1094
  static let descriptorLength = 6

  public let kind: MediaKind
  public let ssrc: SSRC
  public let tag: UInt32
  public let viewers: Int
  /// When the next frame is due.
  public private(set) var nextFrame: MediaInstant
  public private(set) var packets: UInt32 = 0
  public private(set) var octets: UInt32 = 0

  private let interval: MediaDuration
  private let started: MediaInstant
  private let firstTimestamp: UInt32
  private var sequenceNumber: UInt16
  private var sizer: FrameSizer
  private var budget: PacingBudget
  private var pictureID: UInt16
  private var tl0: UInt8 = 0
  private var frame: Frame?
  private let mid: MediaIdentificationTag?

  private struct Frame {
    var packets: FramePackets
    var left: Int
    var isKeyframe: Bool
    var isStarted = false
    var timestamp: UInt32
  }

  public init(
    kind: MediaKind, ssrc: SSRC, tag: UInt32, viewers: Int, now: MediaInstant,
    random: inout SeededRandom
  ) {
    self.kind = kind
    self.ssrc = ssrc
    self.tag = tag
    self.viewers = viewers
    started = now
    interval = MediaDuration(
      nanoseconds: kind == .video ? Int64(1e9 / Self.framesPerSecond) : 20_000_000)
    // Participants do not march in step.
    nextFrame = now + MediaDuration(nanoseconds: Int64(random.next() % UInt64(20_000_000)))
    firstTimestamp = UInt32(truncatingIfNeeded: random.next())
    // The lower half, so that the first roll-over cannot be missed (RFC 3711 section 3.3.1).
    sequenceNumber = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    pictureID = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    sizer = FrameSizer(
      .face720p, kilobitsPerSecond: Self.videoKilobits, framesPerSecond: Self.framesPerSecond,
      offset: Int(random.next() % 1024))
    budget = PacingBudget(kilobitsPerSecond: Self.videoKilobits)
    mid = MediaIdentificationTag(kind == .video ? "1" : "0")
  }

  /// The next frame is a keyframe.
  public func requestKeyframe() { sizer.requestKeyframe() }

  /// When the next packet may leave.
  public func due(_ now: MediaInstant) -> MediaInstant {
    frame == nil ? nextFrame : budget.opening(at: now)
  }

  public func timestamp(at now: MediaInstant) -> UInt32 {
    let rate: Int64 = kind == .video ? 90_000 : 48_000
    let elapsed = (now - started).nanoseconds
    return firstTimestamp &+ UInt32(truncatingIfNeeded: elapsed / 1000 * rate / 1_000_000)
  }

  /// Writes the next packet, when it may leave at this time; `isPaced` false: as soon as its frame
  /// is there.
  /// - Parameter sent: goes with it, see `sentTime`.
  /// - Returns: its length, `nil` when nothing is due.
  public func write(
    into buffer: UnsafeMutableRawBufferPointer, transportSequence: inout UInt16,
    now: MediaInstant, sent: MediaInstant, isPaced: Bool
  ) -> Int? {
    if frame == nil {
      guard nextFrame <= now else { return nil }
      encode()
    }
    guard var current = frame, !isPaced || budget.opening(at: now) <= now else { return nil }
    guard let size = current.packets.next() else { return nil }
    current.left -= 1
    let isLast = current.left == 0
    guard
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: MediaFormat.payloads(kind)[0].payloadType,
        marker: kind == .video && isLast, sequenceNumber: sequenceNumber,
        timestamp: current.timestamp, ssrc: ssrc)
    else { return nil }
    writer.append(id: MediaFormat.transportWideCC, transportSequence: transportSequence)
    if let mid { writer.append(id: MediaFormat.mid, mid: mid) }
    if kind == .audio { writer.append(id: MediaFormat.audioLevel, audioLevel: 30, voice: true) }
    guard let start = writer.finish() else { return nil }
    let end = writePayload(current, size: size, sent: sent, into: buffer, at: start)
    transportSequence &+= 1
    sequenceNumber &+= 1
    packets &+= 1
    octets &+= UInt32(size)
    budget.spend(size + 60, at: now)
    current.isStarted = true
    frame = isLast ? nil : current
    return end
  }

  private func encode() {
    let (octets, isKeyframe) =
      kind == .video ? sizer.next() : (Self.audioOctets, false)
    pictureID = (pictureID &+ 1) & 0x7FFF
    tl0 &+= 1
    let packets = FramePackets(octets: octets, limit: Self.packetLimit)
    frame = Frame(
      packets: packets, left: packets.count, isKeyframe: isKeyframe,
      timestamp: timestamp(at: nextFrame))
    nextFrame += interval
  }

  private func writePayload(
    _ frame: Frame, size: Int, sent: MediaInstant, into buffer: UnsafeMutableRawBufferPointer,
    at start: Int
  ) -> Int {
    let stamp = PayloadStamp(source: tag, index: packets, sent: sent)
    guard kind == .video else {
      // The table of contents of a 20 ms CELT fullband packet (RFC 6716 section 3.1).
      buffer[start] = 0xFC
      stamp.write(into: buffer, at: start + 1)
      return start + size
    }
    buffer[start] = 0x80 | (frame.isStarted ? 0 : 0x10)
    // Picture id, TL0PICIDX, temporal layer 0.
    buffer[start + 1] = 0xE0
    buffer.setNetworkUInt16(pictureID | 0x8000, at: start + 2)
    buffer[start + 4] = tl0
    buffer[start + 5] = 0
    var cursor = start + Self.descriptorLength
    if !frame.isStarted {
      // The P bit is 0 in a keyframe (RFC 6386 section 9.1).
      buffer[cursor] = frame.isKeyframe ? 0x10 : 0x11
      buffer[cursor + 1] = 0
      buffer[cursor + 2] = 0
      cursor += 3
      if frame.isKeyframe {
        // Start code, then 1280 x 720.
        let head: StaticString = "\u{1D}\u{01}\u{2A}\u{00}\u{05}\u{50}\u{02}"
        for i in 0..<7 { buffer[cursor + i] = head.utf8Start[i] }
        buffer[cursor] = 0x9D
        buffer[cursor + 5] = 0xD0
        cursor += 7
      }
    }
    stamp.write(into: buffer, at: cursor)
    return start + Self.descriptorLength + size
  }

  /// When a packet that came back was sent; `nil`: its payload is not what it was.
  public static func sentTime(_ kind: MediaKind, _ payload: UnsafeRawBufferPointer) -> MediaInstant?
  {
    var offset = 1
    if kind == .video {
      guard let descriptor = VP8Descriptor(payload) else { return nil }
      let startsFrame = descriptor.startOfPartition && descriptor.partitionID == 0
      offset = descriptor.length + (startsFrame ? (descriptor.isKeyframeStart ? 10 : 3) : 0)
    }
    return PayloadStamp(payload, at: offset)?.sent
  }
}
