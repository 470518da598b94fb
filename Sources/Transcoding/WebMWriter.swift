/// Writes WebM (Matroska, RFC 9559): one track of VP8 and one of Opus, as they were received.
///
/// What it returns is appended to a file or sent. Nothing is ever gone back to: segment and clusters have no
/// size, so that whatever is there when the writer dies can be played up to its last whole block.
public struct WebMWriter: Sendable {
  public enum Track: UInt8, Hashable, Sendable {
    case video = 1
    case audio = 2
  }

  /// A cluster holds so many milliseconds at most; a block's time within it is 16 bits.
  static let clusterSpan: Int64 = 2_000

  /// Where the present cluster begins, milliseconds.
  private var cluster: Int64?

  public init() {}

  /// What is in a file, as far as it is known.
  public struct Contents: Hashable, Sendable {
    /// Pixels; decoders take the size of the frames. `nil`: no picture.
    public var picture: PictureSize?
    /// Of the sound, 1 or 2; `nil`: no sound.
    public var channels: Int?
    /// How long it is, milliseconds.
    public var duration: Int64?

    public init(picture: PictureSize?, channels: Int?, duration: Int64? = nil) {
      self.picture = picture
      self.channels = channels
      self.duration = duration
    }
  }

  public struct PictureSize: Hashable, Sendable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  /// What a file begins with.
  public func header(_ contents: Contents) -> [UInt8] {
    let ebml = EBML.element(
      0x1A45_DFA3,
      EBML.unsigned(0x4286, 1) + EBML.unsigned(0x42F7, 1) + EBML.unsigned(0x42F2, 4)
        + EBML.unsigned(0x42F3, 8) + EBML.text(0x4282, "webm") + EBML.unsigned(0x4287, 4)
        + EBML.unsigned(0x4285, 2))
    let info = EBML.element(
      0x1549_A966,
      EBML.unsigned(0x2AD7B1, 1_000_000) + EBML.text(0x4D80, "visavis")
        + EBML.text(0x5741, "visavis")
        + (contents.duration.map { EBML.float(0x4489, Double($0)) } ?? []))
    let tracks =
      (contents.picture.map(video) ?? []) + (contents.channels.map { audio(channels: $0) } ?? [])
    return ebml + EBML.unsized(0x1853_8067) + info + EBML.element(0x1654_AE6B, tracks)
  }

  private func video(_ size: PictureSize) -> [UInt8] {
    EBML.element(
      0xAE,
      EBML.unsigned(0xD7, UInt64(Track.video.rawValue)) + EBML.unsigned(0x73C5, 1)
        + EBML.unsigned(0x83, 1) + EBML.unsigned(0x9C, 0) + EBML.text(0x86, "V_VP8")
        + EBML.element(
          0xE0,
          EBML.unsigned(0xB0, UInt64(max(size.width, 1)))
            + EBML.unsigned(0xBA, UInt64(max(size.height, 1)))))
  }

  private func audio(channels: Int) -> [UInt8] {
    // RFC 7845 section 5.1: version, channels, pre-skip 312, 48000 Hz, no gain, mapping family 0.
    let head =
      Array("OpusHead".utf8) + [1, UInt8(channels == 2 ? 2 : 1), 0x38, 0x01]
      + [0x80, 0xBB, 0, 0, 0, 0, 0]
    return EBML.element(
      0xAE,
      EBML.unsigned(0xD7, UInt64(Track.audio.rawValue)) + EBML.unsigned(0x73C5, 2)
        + EBML.unsigned(0x83, 2) + EBML.unsigned(0x9C, 0) + EBML.text(0x86, "A_OPUS")
        + EBML.element(0x63A2, head) + EBML.unsigned(0x56AA, 6_500_000)
        + EBML.unsigned(0x56BB, 80_000_000)
        + EBML.element(
          0xE1, EBML.float(0xB5, 48_000) + EBML.unsigned(0x9F, channels == 2 ? 2 : 1)))
  }

  /// One frame of VP8 or one packet of Opus.
  ///
  /// - Parameters:
  ///   - milliseconds: since the recording began; both tracks in about that order.
  ///   - isKeyframe: of sound always.
  /// - Returns: nothing for what is more than half a minute older than what came before.
  public mutating func block(
    _ track: Track, at milliseconds: Int64, isKeyframe: Bool, _ octets: [UInt8]
  ) -> [UInt8] {
    var written: [UInt8] = []
    let begins = cluster.map {
      milliseconds - $0 >= Self.clusterSpan || (track == .video && isKeyframe && milliseconds > $0)
    }
    if begins ?? true {
      cluster = max(milliseconds, 0)
      written = EBML.unsized(0x1F43_B675) + EBML.unsigned(0xE7, UInt64(max(milliseconds, 0)))
    }
    guard let cluster, let offset = Int16(exactly: milliseconds - cluster) else { return [] }
    let time = UInt16(bitPattern: offset)
    let head: [UInt8] = [
      0x80 | track.rawValue, UInt8(time >> 8), UInt8(time & 0xFF), isKeyframe ? 0x80 : 0,
    ]
    return written + EBML.element(0xA3, head + octets)
  }
}

/// Elements of EBML (RFC 8794).
private enum EBML {
  static func element(_ id: UInt32, _ content: [UInt8]) -> [UInt8] {
    identifier(id) + size(content.count) + content
  }

  /// One whose end is where something of its own level or above begins.
  static func unsized(_ id: UInt32) -> [UInt8] {
    identifier(id) + [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
  }

  static func unsigned(_ id: UInt32, _ value: UInt64) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = value
    repeat {
      octets.insert(UInt8(rest & 0xFF), at: 0)
      rest >>= 8
    } while rest > 0
    return element(id, octets)
  }

  static func float(_ id: UInt32, _ value: Double) -> [UInt8] {
    let bits = value.bitPattern
    return element(id, (0..<8).map { UInt8(bits >> (56 - 8 * UInt64($0)) & 0xFF) })
  }

  static func text(_ id: UInt32, _ text: String) -> [UInt8] { element(id, Array(text.utf8)) }

  /// The octets of an id carry their own length.
  private static func identifier(_ id: UInt32) -> [UInt8] {
    let octets = (0..<4).map { UInt8(id >> (24 - 8 * UInt32($0)) & 0xFF) }
    return Array(octets.drop { $0 == 0 })
  }

  /// In the fewest octets; all ones is reserved.
  private static func size(_ count: Int) -> [UInt8] {
    var length = 1
    while length < 8, count >= 1 << (7 * length) - 1 { length += 1 }
    return (0..<length).map { place in
      let octet = UInt8(truncatingIfNeeded: count >> (8 * (length - 1 - place)))
      return place == 0 ? octet | UInt8(0x80 >> (length - 1)) : octet
    }
  }
}
