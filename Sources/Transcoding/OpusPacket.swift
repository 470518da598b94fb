public import Wire

/// The framing of an Opus packet: how many frames of what length are in it, and where (RFC 6716
/// section 3). Read by the rules R1 to R7; what breaks one is no packet.
public struct OpusPacket: Hashable, Sendable {
  /// At 48 kHz.
  public let samplesPerFrame: Int
  public let frameCount: Int
  /// Whether the frames are coded with two channels.
  public let isStereo: Bool
  /// A mode with linear prediction (SILK or hybrid), the only ones that can carry FEC.
  public let canCarryFEC: Bool
  /// Octets of the compressed frames together; 0 and 1 in DTX.
  public let octets: Int

  /// Of one frame (R2).
  static let maximumFrameOctets = 1275
  /// 120 ms (R5).
  static let maximumSamples = 5760

  /// At 48 kHz, of each channel.
  public var sampleCount: Int { samplesPerFrame * frameCount }
  public var duration: MediaDuration {
    MediaDuration(nanoseconds: Int64(sampleCount) * 1_000_000 / 48)
  }
  /// Nothing that could be heard: the encoder has stopped for silence, or says that it goes on.
  public var isSilence: Bool { octets <= 2 * frameCount }

  /// `nil` when the octets are no packet.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard let toc = bytes.first else { return nil }
    let configuration = Int(toc >> 3)
    samplesPerFrame = Self.samples(configuration)
    isStereo = toc & 4 != 0
    canCarryFEC = configuration < 16
    var reader = Reader(bytes: bytes, at: 1)
    switch toc & 3 {
    case 0:
      guard reader.remaining <= Self.maximumFrameOctets else { return nil }
      frameCount = 1
      octets = reader.remaining
    case 1:
      guard reader.remaining % 2 == 0, reader.remaining / 2 <= Self.maximumFrameOctets else {
        return nil
      }
      frameCount = 2
      octets = reader.remaining
    case 2:
      guard let first = reader.length(), first <= reader.remaining,
        reader.remaining - first <= Self.maximumFrameOctets
      else { return nil }
      frameCount = 2
      octets = reader.remaining
    default:
      guard let many = Self.many(&reader, samplesPerFrame) else { return nil }
      (frameCount, octets) = many
    }
  }

  private static func samples(_ configuration: Int) -> Int {
    switch configuration {
    case 0..<12: [480, 960, 1920, 2880][configuration & 3]
    case 12..<16: [480, 960][configuration & 1]
    default: [120, 240, 480, 960][configuration & 3]
    }
  }

  /// Code 3 (section 3.2.5).
  private static func many(_ reader: inout Reader, _ samples: Int) -> (Int, Int)? {
    guard let head = reader.octet() else { return nil }
    let count = Int(head & 0x3F)
    guard count > 0, count * samples <= maximumSamples else { return nil }
    if head & 0x40 != 0 {
      var padding = 0
      while true {
        guard let octet = reader.octet() else { return nil }
        padding += octet == 255 ? 254 : Int(octet)
        guard octet == 255 else { break }
      }
      guard padding <= reader.remaining else { return nil }
      reader.end -= padding
    }
    if head & 0x80 == 0 {
      guard reader.remaining % count == 0, reader.remaining / count <= maximumFrameOctets else {
        return nil
      }
      return (count, reader.remaining)
    }
    var total = 0
    for _ in 1..<max(count, 1) {
      guard let length = reader.length() else { return nil }
      total += length
    }
    guard total <= reader.remaining, reader.remaining - total <= maximumFrameOctets else {
      return nil
    }
    return (count, reader.remaining)
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var at: Int
    var end: Int

    init(bytes: UnsafeRawBufferPointer, at: Int) {
      self.bytes = bytes
      self.at = at
      end = bytes.count
    }

    var remaining: Int { end - at }

    mutating func octet() -> UInt8? {
      guard at < end else { return nil }
      defer { at += 1 }
      return bytes[at]
    }

    /// Section 3.2.1.
    mutating func length() -> Int? {
      guard let first = octet() else { return nil }
      guard first >= 252 else { return Int(first) }
      guard let second = octet() else { return nil }
      return Int(second) * 4 + Int(first)
    }
  }
}
