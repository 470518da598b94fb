/// Redundant audio data (RFC 2198): a packet's own sound, the primary block, behind that of packets
/// before it.
///
/// ```
/// F=1 | block type 7 | timestamp offset 14 | block length 10     for each redundant block
/// F=0 | block type 7                                             for the primary block
/// the blocks, in the order of their headers; the primary takes what is left
/// ```
///
/// A view: what it says holds for the octets that it was made from.
public struct REDPayload: Hashable, Sendable {
  public struct RedundantBlock: Hashable, Sendable {
    /// 0...127
    public let payloadType: UInt8
    /// How much earlier than the packet, in ticks of the RTP clock: 0...16383.
    public let timestampOffset: UInt16
    /// In the payload; may be empty.
    public let range: Range<Int>
  }

  /// More than any sender has use for: a header of each is read for every packet.
  public static let maximumRedundantBlocks = 16

  public let redundantCount: Int
  /// 0...127
  public let primaryType: UInt8
  /// In the payload; never empty.
  public let primary: Range<Int>
  /// The largest timestamp offset of a redundant block, 0 without one.
  public let span: UInt16
  /// All blocks are of the primary's type.
  public let isUniform: Bool

  /// `nil` when a block does not fit, the primary is empty, or there are more than
  /// `maximumRedundantBlocks`.
  @inlinable
  public init?(_ payload: UnsafeRawBufferPointer) {
    let count = payload.count
    var cursor = 0
    var blocks = 0
    var octets = 0
    var span: UInt16 = 0
    var type: UInt8 = 0
    var isUniform = true
    while cursor < count, payload[cursor] & 0x80 != 0 {
      guard blocks < Self.maximumRedundantBlocks, cursor &+ 4 <= count else { return nil }
      let header = payload.networkUInt32(at: cursor)
      let blockType = UInt8(truncatingIfNeeded: header >> 24 & 0x7F)
      if blocks == 0 { type = blockType }
      if blockType != type { isUniform = false }
      span = max(span, UInt16(truncatingIfNeeded: header >> 10 & 0x3FFF))
      octets &+= Int(header & 0x3FF)
      blocks &+= 1
      cursor &+= 4
    }
    guard cursor < count else { return nil }
    let primaryType = payload[cursor] & 0x7F
    if blocks > 0, primaryType != type { isUniform = false }
    let start = cursor &+ 1 &+ octets
    guard start < count else { return nil }
    redundantCount = blocks
    self.primaryType = primaryType
    primary = start..<count
    self.span = span
    self.isUniform = isUniform
  }

  /// - Parameters:
  ///   - index: 0..<`redundantCount`, in the order of the packet, which is the oldest first.
  ///   - payload: what this was made from.
  public func redundantBlock(
    _ index: Int, in payload: UnsafeRawBufferPointer
  ) -> RedundantBlock? {
    guard index >= 0, index < redundantCount, payload.count >= primary.upperBound else {
      return nil
    }
    var start = redundantCount &* 4 &+ 1
    for i in 0..<index { start &+= Int(payload.networkUInt16(at: i &* 4 &+ 2) & 0x3FF) }
    let header = payload.networkUInt32(at: index &* 4)
    let end = start &+ Int(header & 0x3FF)
    guard end <= primary.lowerBound else { return nil }
    return RedundantBlock(
      payloadType: UInt8(truncatingIfNeeded: header >> 24 & 0x7F),
      timestampOffset: UInt16(truncatingIfNeeded: header >> 10 & 0x3FFF), range: start..<end)
  }

  /// Gives all blocks another payload type, in place.
  @inlinable
  public static func setBlockType(_ type: UInt8, in payload: UnsafeMutableRawBufferPointer) {
    var cursor = 0
    while cursor < payload.count {
      let octet = payload[cursor]
      payload[cursor] = octet & 0x80 | type & 0x7F
      guard octet & 0x80 != 0 else { return }
      cursor &+= 4
    }
  }
}
