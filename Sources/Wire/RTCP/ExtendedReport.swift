/// An extended report (RFC 3611): iterates the blocks that we read. A view on the packet.
public struct ExtendedReport: Sequence {
  public enum Block: Hashable, Sendable {
    /// RFC 3611 section 4.4: a receiver's clock, for its own round trip measurement.
    case receiverReferenceTime(NTPTimestamp)
    /// RFC 3611 section 4.5: the answer, one for each receiver. `lastRR` is the middle of its NTP
    /// timestamp, the delay is in 1/65536 s.
    case delaySinceLastReceiverReport(ssrc: SSRC, lastRR: UInt32, delay: UInt32)
  }

  static let receiverReferenceTimeBlock: UInt8 = 4
  static let delayBlock: UInt8 = 5

  public let sender: SSRC
  let blocks: UnsafeRawBufferPointer

  /// `nil` when the blocks do not fit the packet.
  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= 8 else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    blocks = packet.slice(8..<packet.count)
    var cursor = 0
    while cursor < blocks.count {
      guard cursor &+ 4 <= blocks.count else { return nil }
      cursor &+= 4 &+ Int(blocks.networkUInt16(at: cursor &+ 2)) &* 4
      guard cursor <= blocks.count else { return nil }
    }
  }

  public func makeIterator() -> Iterator { Iterator(blocks: blocks) }

  public struct Iterator: IteratorProtocol {
    let blocks: UnsafeRawBufferPointer
    var cursor = 0
    /// Sub-blocks of the delay block that we are in.
    var subBlock = 0
    var subBlockEnd = 0

    init(blocks: UnsafeRawBufferPointer) { self.blocks = blocks }

    public mutating func next() -> Block? {
      while true {
        if subBlock &+ 12 <= subBlockEnd {
          defer { subBlock &+= 12 }
          return .delaySinceLastReceiverReport(
            ssrc: SSRC(blocks.networkUInt32(at: subBlock)),
            lastRR: blocks.networkUInt32(at: subBlock &+ 4),
            delay: blocks.networkUInt32(at: subBlock &+ 8))
        }
        guard cursor < blocks.count else { return nil }
        let type = blocks[cursor]
        let start = cursor &+ 4
        let end = start &+ Int(blocks.networkUInt16(at: cursor &+ 2)) &* 4
        cursor = end
        if type == receiverReferenceTimeBlock, end &- start >= 8 {
          return .receiverReferenceTime(NTPTimestamp(rawValue: blocks.networkUInt64(at: start)))
        }
        if type == delayBlock {
          subBlock = start
          subBlockEnd = end
        }
      }
    }
  }

  /// Writes a report of one block. Returns its length, `nil` when it does not fit.
  public static func write(
    sender: SSRC, block: Block, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let length =
      switch block {
      case .receiverReferenceTime: 20
      case .delaySinceLastReceiverReport: 24
      }
    guard buffer.count >= length else { return nil }
    RTCPHeader.write(
      count: 0, packetType: RTCPHeader.extendedReport, length: length, into: buffer)
    buffer.setNetworkUInt32(sender.rawValue, at: 4)
    switch block {
    case .receiverReferenceTime(let ntp):
      buffer.setNetworkUInt32(UInt32(receiverReferenceTimeBlock) << 24 | 2, at: 8)
      buffer.setNetworkUInt64(ntp.rawValue, at: 12)
    case .delaySinceLastReceiverReport(let ssrc, let lastRR, let delay):
      buffer.setNetworkUInt32(UInt32(delayBlock) << 24 | 3, at: 8)
      buffer.setNetworkUInt32(ssrc.rawValue, at: 12)
      buffer.setNetworkUInt32(lastRR, at: 16)
      buffer.setNetworkUInt32(delay, at: 20)
    }
    return length
  }
}
