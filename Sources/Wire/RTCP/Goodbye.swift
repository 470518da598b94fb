/// A BYE (RFC 3550 section 6.6): the sources that end. A view on the packet; the reason is ignored.
public struct Goodbye: Sequence, IteratorProtocol {
  let bytes: UnsafeRawBufferPointer
  var cursor = 0

  init?(_ packet: UnsafeRawBufferPointer) {
    let end = RTCPHeader.length + Int(packet[0] & 0x1F) * 4
    guard end <= packet.count else { return nil }
    bytes = packet.slice(RTCPHeader.length..<end)
  }

  public mutating func next() -> SSRC? {
    guard cursor < bytes.count else { return nil }
    let ssrc = SSRC(bytes.networkUInt32(at: cursor))
    cursor &+= 4
    return ssrc
  }

  /// Writes a BYE of 1...31 sources. Returns its length, `nil` when it does not fit.
  public static func write(_ sources: [SSRC], into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let length = RTCPHeader.length + sources.count * 4
    guard (1...31).contains(sources.count), length <= buffer.count else { return nil }
    RTCPHeader.write(
      count: UInt8(sources.count), packetType: RTCPHeader.goodbye, length: length, into: buffer)
    for (i, source) in sources.enumerated() {
      buffer.setNetworkUInt32(source.rawValue, at: RTCPHeader.length + i * 4)
    }
    return length
  }
}
