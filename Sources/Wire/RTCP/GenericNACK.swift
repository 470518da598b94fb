/// A generic NACK (RFC 4585 section 6.2.1): iterates the sequence numbers asked for, in the order
/// of the packet. A view on the packet.
public struct GenericNACK: Sequence {
  static let format: UInt8 = 1

  public let sender: SSRC
  public let media: SSRC
  let entries: UnsafeRawBufferPointer

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= 16 else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    media = SSRC(packet.networkUInt32(at: 8))
    entries = packet.slice(12..<(packet.count & ~3))
  }

  public func makeIterator() -> Iterator { Iterator(entries: entries) }

  public struct Iterator: IteratorProtocol {
    let entries: UnsafeRawBufferPointer
    var cursor = 0
    var base: UInt16 = 0
    /// Bit i: `base` + i + 1 is missing too.
    var mask: UInt16 = 0

    init(entries: UnsafeRawBufferPointer) { self.entries = entries }

    public mutating func next() -> UInt16? {
      if mask != 0 {
        let bit = mask.trailingZeroBitCount
        mask &= mask &- 1
        return base &+ UInt16(truncatingIfNeeded: bit &+ 1)
      }
      guard cursor < entries.count else { return nil }
      base = entries.networkUInt16(at: cursor)
      mask = entries.networkUInt16(at: cursor &+ 2)
      cursor &+= 4
      return base
    }
  }

  /// Writes a NACK of these sequence numbers, which come in ascending (serial) order; as many as
  /// fit. Returns its length and how many numbers it holds, `nil` when there are none or the buffer
  /// has no room for one.
  @inlinable
  public static func write(
    sender: SSRC, media: SSRC, sequenceNumbers: some Collection<UInt16>,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> (length: Int, count: Int)? {
    guard !sequenceNumbers.isEmpty, buffer.count >= 16 else { return nil }
    var length = 12
    var count = 0
    var base: UInt16 = 0
    var mask: UInt16 = 0
    for number in sequenceNumbers {
      let ahead = number &- base
      if length > 12, ahead <= 16 {
        if ahead > 0 {
          mask |= 1 << (ahead &- 1)
          buffer.setNetworkUInt16(mask, at: length &- 2)
        }
      } else {
        guard length &+ 4 <= buffer.count else { break }
        base = number
        mask = 0
        buffer.setNetworkUInt16(base, at: length)
        buffer.setNetworkUInt16(0, at: length &+ 2)
        length &+= 4
      }
      count &+= 1
    }
    writeHeader(sender: sender, media: media, length: length, into: buffer)
    return (length, count)
  }

  @usableFromInline
  static func writeHeader(
    sender: SSRC, media: SSRC, length: Int, into buffer: UnsafeMutableRawBufferPointer
  ) {
    RTCPHeader.writeFeedback(
      format: format, packetType: RTCPHeader.transportLayerFeedback, sender: sender, media: media,
      length: length, into: buffer)
  }
}
