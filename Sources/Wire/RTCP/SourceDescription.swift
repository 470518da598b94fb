/// A source description (RFC 3550 section 6.5): a view on the packet.
public struct SourceDescription {
  let chunks: UnsafeRawBufferPointer
  let count: Int
  static let cnameItem: UInt8 = 1

  /// `nil` when the chunks do not fit the packet.
  init?(_ packet: UnsafeRawBufferPointer) {
    chunks = packet.slice(RTCPHeader.length..<packet.count)
    count = Int(packet[0] & 0x1F)
    var cursor = 0
    for _ in 0..<count {
      guard let chunk = Self.chunk(at: cursor, of: chunks) else { return nil }
      cursor = chunk.next
    }
  }

  /// Calls `body` with each source and the octets of its CNAME, `nil` when it has none.
  public func forEachSource(_ body: (SSRC, UnsafeRawBufferPointer?) -> Void) {
    var cursor = 0
    for _ in 0..<count {
      guard let chunk = Self.chunk(at: cursor, of: chunks) else { return }
      body(chunk.ssrc, chunk.cname.map { chunks.slice($0) })
      cursor = chunk.next
    }
  }

  private static func chunk(
    at start: Int, of bytes: UnsafeRawBufferPointer
  ) -> (ssrc: SSRC, cname: Range<Int>?, next: Int)? {
    guard start &+ 4 <= bytes.count else { return nil }
    let ssrc = SSRC(bytes.networkUInt32(at: start))
    var cname: Range<Int>?
    var cursor = start &+ 4
    while cursor < bytes.count {
      if bytes[cursor] == 0 {
        // One or more zero octets up to the next word.
        let next = (cursor &+ 4) & ~3
        return next <= bytes.count ? (ssrc, cname, next) : nil
      }
      guard cursor &+ 2 <= bytes.count else { return nil }
      let value = cursor &+ 2
      let end = value &+ Int(bytes[cursor &+ 1])
      guard end <= bytes.count else { return nil }
      if bytes[cursor] == cnameItem { cname = value..<end }
      cursor = end
    }
    return nil
  }

  /// Writes a description of one source with its CNAME (1...255 octets of UTF-8). Returns its
  /// length, `nil` when it does not fit.
  public static func write(
    ssrc: SSRC, cname: String, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var cname = cname
    return cname.withUTF8 { text in
      // Header, SSRC, item header, text, at least one zero octet.
      let length = (4 + 4 + 2 + text.count + 1 + 3) & ~3
      guard !text.isEmpty, text.count <= 255, length <= buffer.count else { return nil }
      RTCPHeader.write(
        count: 1, packetType: RTCPHeader.sourceDescription, length: length, into: buffer)
      buffer.setNetworkUInt32(ssrc.rawValue, at: 4)
      buffer[8] = cnameItem
      buffer[9] = UInt8(text.count)
      buffer.setBytes(UnsafeRawBufferPointer(text), at: 10)
      for i in (10 + text.count)..<length { buffer[i] = 0 }
      return length
    }
  }
}
