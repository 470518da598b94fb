/// A full intra request (RFC 5104 section 4.3.1): iterates its entries. A view on the packet.
public struct FullIntraRequest: Sequence {
  static let format: UInt8 = 4

  /// A new request to a source carries a new number (modulo 2^8), a repeated one the same.
  public struct Entry: Hashable, Sendable {
    public var ssrc: SSRC
    public var sequenceNumber: UInt8

    public init(ssrc: SSRC, sequenceNumber: UInt8) {
      self.ssrc = ssrc
      self.sequenceNumber = sequenceNumber
    }
  }

  public let sender: SSRC
  let entries: UnsafeRawBufferPointer

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= 20 else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    entries = packet.slice(12..<(12 + (packet.count - 12) / 8 * 8))
  }

  public func makeIterator() -> Iterator { Iterator(entries: entries) }

  public struct Iterator: IteratorProtocol {
    let entries: UnsafeRawBufferPointer
    var cursor = 0

    init(entries: UnsafeRawBufferPointer) { self.entries = entries }

    public mutating func next() -> Entry? {
      guard cursor < entries.count else { return nil }
      let entry = Entry(
        ssrc: SSRC(entries.networkUInt32(at: cursor)), sequenceNumber: entries[cursor &+ 4])
      cursor &+= 8
      return entry
    }
  }

  /// Writes a request of one entry. Returns its length, `nil` when it does not fit.
  public static func write(
    sender: SSRC, entry: Entry, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let length = 20
    guard buffer.count >= length else { return nil }
    // The media SSRC of the header is unused and 0 (RFC 5104 section 4.3.1.2).
    RTCPHeader.writeFeedback(
      format: format, packetType: RTCPHeader.payloadSpecificFeedback, sender: sender,
      media: SSRC(0), length: length, into: buffer)
    buffer.setNetworkUInt32(entry.ssrc.rawValue, at: 12)
    buffer.setNetworkUInt32(UInt32(entry.sequenceNumber) << 24, at: 16)
    return length
  }
}
