/// A reception report block (RFC 3550 section 6.4.1).
public struct ReportBlock: Hashable, Sendable {
  public static let length = 24

  /// The source that is reported on.
  public var ssrc: SSRC
  /// Lost since the last report, in 1/256.
  public var fractionLost: UInt8
  /// Signed, 24 bits: kept within -0x80_0000...0x7F_FFFF when written.
  public var cumulativeLost: Int32
  /// Cycles in the upper half, highest sequence number in the lower.
  public var extendedHighest: UInt32
  /// In units of the RTP clock.
  public var jitter: UInt32
  /// Middle 32 bits of the NTP timestamp of the last sender report; 0 = none yet.
  public var lastSR: UInt32
  /// In units of 1/65536 s.
  public var delaySinceLastSR: UInt32

  public init(
    ssrc: SSRC, fractionLost: UInt8, cumulativeLost: Int32, extendedHighest: UInt32, jitter: UInt32,
    lastSR: UInt32, delaySinceLastSR: UInt32
  ) {
    self.ssrc = ssrc
    self.fractionLost = fractionLost
    self.cumulativeLost = cumulativeLost
    self.extendedHighest = extendedHighest
    self.jitter = jitter
    self.lastSR = lastSR
    self.delaySinceLastSR = delaySinceLastSR
  }

  /// - Parameter bytes: at least 24 octets.
  init(_ bytes: UnsafeRawBufferPointer) {
    ssrc = SSRC(bytes.networkUInt32(at: 0))
    fractionLost = bytes[4]
    cumulativeLost = Int32(bitPattern: bytes.networkUInt24(at: 5) << 8) >> 8
    extendedHighest = bytes.networkUInt32(at: 8)
    jitter = bytes.networkUInt32(at: 12)
    lastSR = bytes.networkUInt32(at: 16)
    delaySinceLastSR = bytes.networkUInt32(at: 20)
  }

  func write(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    let lost = min(max(cumulativeLost, -0x80_0000), 0x7F_FFFF)
    buffer.setNetworkUInt32(ssrc.rawValue, at: offset)
    buffer[offset + 4] = fractionLost
    buffer.setNetworkUInt24(UInt32(bitPattern: lost) & 0xFF_FFFF, at: offset + 5)
    buffer.setNetworkUInt32(extendedHighest, at: offset + 8)
    buffer.setNetworkUInt32(jitter, at: offset + 12)
    buffer.setNetworkUInt32(lastSR, at: offset + 16)
    buffer.setNetworkUInt32(delaySinceLastSR, at: offset + 20)
  }
}

/// The report blocks of a sender or receiver report: a view on the packet, at most 31.
public struct ReportBlocks: Sequence, IteratorProtocol {
  let bytes: UnsafeRawBufferPointer
  var cursor = 0

  /// `nil` when the packet does not hold as many blocks as its header says. What follows them is a
  /// profile's extension (RFC 3550 section 6.4.3) and left alone.
  init?(_ packet: UnsafeRawBufferPointer, from offset: Int) {
    let end = offset + Int(packet[0] & 0x1F) * ReportBlock.length
    guard end <= packet.count else { return nil }
    bytes = packet.slice(offset..<end)
  }

  /// How many are left.
  public var count: Int { (bytes.count &- cursor) / ReportBlock.length }

  public mutating func next() -> ReportBlock? {
    guard cursor < bytes.count else { return nil }
    let block = ReportBlock(bytes.slice(cursor..<(cursor &+ ReportBlock.length)))
    cursor &+= ReportBlock.length
    return block
  }
}
