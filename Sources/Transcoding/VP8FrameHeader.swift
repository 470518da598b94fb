/// The first octets of a VP8 frame (RFC 6386 section 9.1): what must be known before memory is spent
/// on it.
public struct VP8FrameHeader: Hashable, Sendable {
  public let isKeyframe: Bool
  /// Whether it is to be shown.
  public let isShown: Bool
  /// Pixels; of keyframes only, else 0.
  public let width: Int
  public let height: Int

  /// `nil` when the octets are no frame: too short, without start code, of an unknown version, or a
  /// first partition that is longer than the frame.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 3 else { return nil }
    let tag = UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16
    isKeyframe = tag & 1 == 0
    guard tag >> 1 & 7 <= 3 else { return nil }
    isShown = tag >> 4 & 1 == 1
    let header = isKeyframe ? 10 : 3
    guard bytes.count >= header, Int(tag >> 5) <= bytes.count - header else { return nil }
    guard isKeyframe else {
      width = 0
      height = 0
      return
    }
    guard bytes[3] == 0x9D, bytes[4] == 0x01, bytes[5] == 0x2A else { return nil }
    width = Int(bytes[6]) | Int(bytes[7] & 0x3F) << 8
    height = Int(bytes[8]) | Int(bytes[9] & 0x3F) << 8
    guard width > 0, height > 0 else { return nil }
  }
}
