/// Makes a second, smaller VP8 stream of the pictures of a publication: for a viewer whose path cannot take
/// what the publisher sends.
public final class DownscaleHook: VideoHook {
  public struct Counters: Hashable, Sendable {
    public var encoded: UInt64 = 0
    /// Left out by the encoder to hold the bitrate.
    public var leftOut: UInt64 = 0
    /// The encoder refused.
    public var failed: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  /// Pixels of the longer side at most, 16 to 4096, from the next frame on; the shape of the picture stays.
  public var longestSide: Int { didSet { longestSide = min(max(longestSide, 16), 4096) } }
  public private(set) var bitrate: Int
  /// What comes is too late to be shown: it is decoded, since later pictures need it, and not encoded.
  public var isBehind = false
  public var wantsPictures: Bool { !isBehind }
  private var encoder: VP8Encoder?
  private var wantsKeyframe = true
  private var lastTimestamp: Int64?
  private let deliver: (VP8Frame) -> Void

  /// - Parameters:
  ///   - longestSide: pixels, 16 to 4096.
  ///   - bitrate: bit/s.
  ///   - deliver: gets each frame at once.
  public init(longestSide: Int, bitrate: Int, deliver: @escaping (VP8Frame) -> Void) {
    self.longestSide = min(max(longestSide, 16), 4096)
    self.bitrate = bitrate
    self.deliver = deliver
  }

  /// The next frame is a keyframe.
  public func askKeyframe() { wantsKeyframe = true }

  /// bit/s, from the next frame on.
  public func setBitrate(_ bitrate: Int) {
    self.bitrate = bitrate
    try? encoder?.setBitrate(bitrate)
  }

  /// - Returns: the picture as it was encoded, smaller.
  public func process(_ frame: VideoFrame) -> VideoFrame? {
    let size = Self.size(frame.picture, longestSide: longestSide)
    let small = frame.picture.scaled(width: size.width, height: size.height)
    do throws(CodecError) {
      try encode(small, timestamp: frame.timestamp)
    } catch {
      counters.failed &+= 1
      encoder = nil
      wantsKeyframe = true
    }
    return VideoFrame(picture: small, timestamp: frame.timestamp)
  }

  private func encode(_ picture: I420Picture, timestamp: Int64) throws(CodecError) {
    if let lastTimestamp, timestamp <= lastTimestamp { encoder = nil }
    lastTimestamp = timestamp
    let encoder = try ready(for: picture)
    try encoder.setSize(width: picture.width, height: picture.height)
    let octets = try encoder.encode(picture, timestamp: timestamp, isKeyframe: wantsKeyframe)
    guard let octets, let header = octets.withUnsafeBytes({ VP8FrameHeader($0) }) else {
      counters.leftOut &+= 1
      return
    }
    wantsKeyframe = false
    counters.encoded &+= 1
    deliver(
      VP8Frame(
        octets: octets, timestamp: UInt32(truncatingIfNeeded: timestamp),
        isKeyframe: header.isKeyframe, isDiscardable: false))
  }

  private func ready(for picture: I420Picture) throws(CodecError) -> VP8Encoder {
    if let encoder { return encoder }
    let made = try VP8Encoder(
      .init(width: picture.width, height: picture.height, bitrate: bitrate))
    encoder = made
    return made
  }

  /// Even sides of at least 16, of the picture's shape.
  static func size(_ picture: I420Picture, longestSide: Int) -> (width: Int, height: Int) {
    let longest = max(picture.width, picture.height)
    func side(_ side: Int) -> Int {
      let scaled = longest > longestSide ? side * longestSide / longest : side
      return max(scaled & ~1, 16)
    }
    return (side(picture.width), side(picture.height))
  }
}
