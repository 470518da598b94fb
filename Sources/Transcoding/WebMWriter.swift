/// Writes WebM (Matroska, RFC 9559): one track of VP8 and one of Opus, as they were received.
///
/// Or several of VP8, each of somebody else, beside one of Opus.
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
  /// Octets of all blocks up to here.
  private var written: UInt64 = 0
  /// How many of them are before the present cluster.
  private var place: UInt64 = 0
  private var pictureCues = WebMCues()
  private var soundCues = WebMCues()

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

  /// A track of pictures beside others.
  public struct Picture: Hashable, Sendable {
    /// 1...126; another one for each track of the file.
    public var number: UInt8
    public var size: PictureSize
    /// Whose it is.
    public var name: String

    public init(number: UInt8, size: PictureSize, name: String) {
      (self.number, self.size, self.name) = (number, size, name)
    }
  }

  /// What a file begins with.
  /// - Parameter isLast: nothing comes behind the blocks up to here, and a player may be told where they are.
  public func header(_ contents: Contents, isLast: Bool = false) -> [UInt8] {
    let pictures = contents.picture.map { video(Track.video.rawValue, $0) } ?? []
    let sound = contents.channels.map { audio(Track.audio.rawValue, channels: $0) } ?? []
    let cues = contents.picture == nil ? soundCues : pictureCues
    let track = contents.picture == nil ? Track.audio : .video
    return header(pictures + sound, contents.duration) {
      isLast ? cues.element(of: track, behind: $0) : []
    }
  }

  /// What a file of several pictures and one sound begins with.
  /// - Parameters:
  ///   - sound: the number of its track.
  ///   - duration: milliseconds.
  public func header(
    _ pictures: [Picture], sound: UInt8, channels: Int, duration: Int64?
  ) -> [UInt8] {
    header(
      pictures.flatMap { video($0.number, $0.size, name: $0.name) }
        + audio(sound, channels: channels), duration)
  }

  /// - Parameter more: what stands behind so many octets of the segment.
  private func header(
    _ tracks: [UInt8], _ duration: Int64?, more: (Int) -> [UInt8] = { _ in [] }
  ) -> [UInt8] {
    let ebml = EBML.element(
      0x1A45_DFA3,
      EBML.unsigned(0x4286, 1) + EBML.unsigned(0x42F7, 1) + EBML.unsigned(0x42F2, 4)
        + EBML.unsigned(0x42F3, 8) + EBML.text(0x4282, "webm") + EBML.unsigned(0x4287, 4)
        + EBML.unsigned(0x4285, 2))
    let info = EBML.element(
      0x1549_A966,
      EBML.unsigned(0x2AD7B1, 1_000_000) + EBML.text(0x4D80, "visavis")
        + EBML.text(0x5741, "visavis")
        + (duration.map { EBML.float(0x4489, Double($0)) } ?? []))
    let segment = info + EBML.element(0x1654_AE6B, tracks)
    return ebml + EBML.unsized(0x1853_8067) + segment + more(segment.count)
  }

  private func video(_ number: UInt8, _ size: PictureSize, name: String? = nil) -> [UInt8] {
    EBML.element(
      0xAE,
      EBML.unsigned(0xD7, UInt64(number)) + EBML.unsigned(0x73C5, UInt64(number))
        + (name.map { EBML.text(0x536E, $0) } ?? []) + EBML.unsigned(0x83, 1)
        + EBML.unsigned(0x9C, 0) + EBML.text(0x86, "V_VP8")
        + EBML.element(
          0xE0,
          EBML.unsigned(0xB0, UInt64(max(size.width, 1)))
            + EBML.unsigned(0xBA, UInt64(max(size.height, 1)))))
  }

  private func audio(_ number: UInt8, channels: Int) -> [UInt8] {
    // RFC 7845 section 5.1: version, channels, pre-skip 312, 48000 Hz, no gain, mapping family 0.
    let head =
      Array("OpusHead".utf8) + [1, UInt8(channels == 2 ? 2 : 1), 0x38, 0x01]
      + [0x80, 0xBB, 0, 0, 0, 0, 0]
    return EBML.element(
      0xAE,
      EBML.unsigned(0xD7, UInt64(number)) + EBML.unsigned(0x73C5, UInt64(number))
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
    block(
      number: track.rawValue, isPicture: track == .video, at: milliseconds, isKeyframe: isKeyframe,
      octets)
  }

  /// The same of a track by its number.
  public mutating func block(
    number: UInt8, isPicture: Bool, at milliseconds: Int64, isKeyframe: Bool, _ octets: [UInt8]
  ) -> [UInt8] {
    var block: [UInt8] = []
    let begins = cluster.map {
      milliseconds - $0 >= Self.clusterSpan || (isPicture && isKeyframe && milliseconds > $0)
    }
    if begins ?? true {
      cluster = max(milliseconds, 0)
      block = EBML.unsized(0x1F43_B675) + EBML.unsigned(0xE7, UInt64(max(milliseconds, 0)))
      place = written
      soundCues.add(max(milliseconds, 0), at: place)
    }
    // A keyframe begins a cluster, or is in one that sound has begun at the same moment.
    if isPicture, isKeyframe { pictureCues.add(max(milliseconds, 0), at: place) }
    guard let cluster, let offset = Int16(exactly: milliseconds - cluster) else { return [] }
    let time = UInt16(bitPattern: offset)
    let head: [UInt8] = [
      0x80 | number, UInt8(time >> 8), UInt8(time & 0xFF), isKeyframe ? 0x80 : 0,
    ]
    block += EBML.element(0xA3, head + octets)
    written += UInt64(block.count)
    return block
  }
}
