/// A receiver report to be sent (RFC 3550 section 6.4.2).
public struct ReceiverReport: Hashable, Sendable {
  public var sender: SSRC
  /// At most 31.
  public var blocks: [ReportBlock]

  public init(sender: SSRC, blocks: [ReportBlock]) {
    self.sender = sender
    self.blocks = blocks
  }

  /// Returns the length, `nil` when it does not fit.
  public func write(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    blocks.withUnsafeBufferPointer { Self.write(sender: sender, blocks: $0, into: buffer) }
  }

  /// The same for blocks that lie anywhere.
  public static func write(
    sender: SSRC, blocks: UnsafeBufferPointer<ReportBlock>,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let length = 8 + blocks.count * ReportBlock.length
    guard blocks.count <= 31, length <= buffer.count else { return nil }
    RTCPHeader.write(
      count: UInt8(blocks.count), packetType: RTCPHeader.receiverReport, length: length,
      into: buffer)
    buffer.setNetworkUInt32(sender.rawValue, at: 4)
    for (i, block) in blocks.enumerated() {
      block.write(into: buffer, at: 8 + i * ReportBlock.length)
    }
    return length
  }
}
