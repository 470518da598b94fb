internal import Wire

/// A payload that tells what it is, so that a viewer can check every octet: the number of the stream,
/// the number of the packet in it, then octets that follow from both.
struct MarkedPayload: Hashable {
  static let headerLength = 8

  /// Which publication.
  var stream: UInt32
  /// Counts the packets of the publication, whatever its SSRC.
  var packet: UInt32

  /// - Parameter length: at least `headerLength`.
  func octets(length: Int) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: max(length, Self.headerLength))
    octets.withUnsafeMutableBytes { buffer in
      buffer.setNetworkUInt32(stream, at: 0)
      buffer.setNetworkUInt32(packet, at: 4)
      for i in Self.headerLength..<buffer.count { buffer[i] = filler(i) }
    }
    return octets
  }

  /// `nil` when the octets were altered.
  init?(_ octets: UnsafeRawBufferPointer) {
    guard octets.count >= Self.headerLength else { return nil }
    stream = octets.networkUInt32(at: 0)
    packet = octets.networkUInt32(at: 4)
    for i in Self.headerLength..<octets.count where octets[i] != filler(i) { return nil }
  }

  init(stream: UInt32, packet: UInt32) {
    self.stream = stream
    self.packet = packet
  }

  private func filler(_ i: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (packet &* 31 &+ stream &* 7 &+ UInt32(truncatingIfNeeded: i)) >> 1)
  }
}
