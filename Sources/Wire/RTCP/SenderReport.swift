/// The sender information of a sender report (RFC 3550 section 6.4.1).
public struct SenderReport: Hashable, Sendable {
  /// Octets before the report blocks.
  static let length = 28

  public var sender: SSRC
  public var ntp: NTPTimestamp
  /// The same instant on the stream's RTP clock.
  public var rtpTimestamp: UInt32
  public var packetCount: UInt32
  /// Of payload, without headers and padding.
  public var octetCount: UInt32

  public init(
    sender: SSRC, ntp: NTPTimestamp, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32
  ) {
    self.sender = sender
    self.ntp = ntp
    self.rtpTimestamp = rtpTimestamp
    self.packetCount = packetCount
    self.octetCount = octetCount
  }

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= Self.length else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    ntp = NTPTimestamp(rawValue: packet.networkUInt64(at: 8))
    rtpTimestamp = packet.networkUInt32(at: 16)
    packetCount = packet.networkUInt32(at: 20)
    octetCount = packet.networkUInt32(at: 24)
  }

  /// Writes the report with its blocks (at most 31). Returns its length, `nil` when it does not
  /// fit.
  public func write(
    blocks: [ReportBlock], into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    blocks.withUnsafeBufferPointer { write(blocks: $0, into: buffer) }
  }

  /// The same for blocks that lie anywhere.
  public func write(
    blocks: UnsafeBufferPointer<ReportBlock>, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let length = Self.length + blocks.count * ReportBlock.length
    guard blocks.count <= 31, length <= buffer.count else { return nil }
    RTCPHeader.write(
      count: UInt8(blocks.count), packetType: RTCPHeader.senderReport, length: length, into: buffer)
    buffer.setNetworkUInt32(sender.rawValue, at: 4)
    buffer.setNetworkUInt64(ntp.rawValue, at: 8)
    buffer.setNetworkUInt32(rtpTimestamp, at: 16)
    buffer.setNetworkUInt32(packetCount, at: 20)
    buffer.setNetworkUInt32(octetCount, at: 24)
    for (i, block) in blocks.enumerated() {
      block.write(into: buffer, at: Self.length + i * ReportBlock.length)
    }
    return length
  }
}
