internal import Transcoding
internal import Wire

/// What comes from a bridge, before it goes on as a publication: Opus of one source, at the rate of sound, under
/// a header of ours and nothing else.
struct BridgeIntake {
  /// Datagrams of one look.
  static let batch = 64
  /// Packets of 10 ms, and a burst of half a second.
  static let packetsPerSecond: Int64 = 110
  static let burst: Int64 = 50
  /// A source that was silent for so long may be another one.
  static let patience = MediaDuration.seconds(1)

  enum Outcome: Equatable {
    /// Of this length, at the start of the buffer.
    case packet(Int)
    case excess
    case refused
  }

  private let payloadType: UInt8
  private var random: SeededRandom
  private var source: SSRC?
  private var own = SSRC(0)
  private var lastPacket: MediaInstant?
  /// In packets, times a billion.
  private var allowance = burst * 1_000_000_000
  private var lastLook: MediaInstant?

  init(payloadType: UInt8, seed: UInt64) {
    self.payloadType = payloadType
    random = SeededRandom(seed: seed)
  }

  /// - Parameter length: of the packet, without protection.
  mutating func take(
    _ buffer: UnsafeMutableRawBufferPointer, length: Int, now: MediaInstant
  ) -> Outcome {
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
    guard let packet = RTPPacket(bytes), packet.payloadType == payloadType,
      OpusPacket(bytes.slice(packet.payloadRange)) != nil
    else { return .refused }
    guard mayPass(now) else { return .excess }
    if source != packet.ssrc {
      if source != nil, let lastPacket, now - lastPacket < Self.patience { return .refused }
      source = packet.ssrc
      own = SSRC(UInt32(truncatingIfNeeded: random.next()))
    }
    lastPacket = now
    let payload = packet.payloadRange
    let header = RTPPacket.fixedHeaderLength
    // Moved before the header is written: neither what is in extensions nor padding goes on.
    UnsafeMutableRawBufferPointer(rebasing: buffer[header..<(header + payload.count)])
      .copyMemory(from: bytes.slice(payload))
    var writer = RTPHeaderWriter(
      into: buffer, payloadType: payloadType, marker: packet.marker,
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, ssrc: own)
    guard writer?.finish() == header else { return .refused }
    return .packet(header + payload.count)
  }

  private mutating func mayPass(_ now: MediaInstant) -> Bool {
    if let lastLook {
      allowance += min((now - lastLook).nanoseconds, 1_000_000_000) * Self.packetsPerSecond
      allowance = min(allowance, Self.burst * 1_000_000_000)
    }
    lastLook = now
    guard allowance >= 1_000_000_000 else { return false }
    allowance -= 1_000_000_000
    return true
  }
}
