internal import COpenSSL
internal import Wire

/// The SRTP transform (RFC 3711, RFC 7714) on OpenSSL's ciphers, any SSRC (RFC 5764 section 4.2 keys
/// a session, not a stream). In place, without allocation once the streams are known.
///
/// What it sends and takes is what libsrtp2 sends and takes, which tests compare octet by octet.
struct OpenSSLSRTPEngine: ~Copyable {
  private var inbound: SRTPDirection
  private var outbound: SRTPDirection

  /// `nil` when OpenSSL has no memory.
  init?(_ keys: SRTPKeyingMaterial, inboundLimit: Int, outboundLimit: Int) {
    guard
      let inbound = SRTPDirection(
        keys.profile, master: keys.remote, opens: true, limit: inboundLimit),
      let outbound = SRTPDirection(
        keys.profile, master: keys.local, opens: false, limit: outboundLimit)
    else { return nil }
    self.inbound = inbound
    self.outbound = outbound
  }

  /// - Parameters:
  ///   - length: of the packet; there is room for `rtpOverhead` behind it.
  ///   - header: octets that stay in the clear.
  /// - Returns: whether it was done; `length` is the new one then.
  mutating func protectRTP(
    _ packet: UnsafeMutableRawPointer, _ length: inout Int32, header: Int
  ) -> Bool {
    let ssrc = Self.word(packet, 8)
    let sequence = UInt16(
      bigEndian: packet.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    guard let stream = outbound.stream(ssrc) ?? outbound.add(ssrc) else { return false }
    let index = SRTPStream.index(of: sequence, highest: stream.highest)
    guard index < SRTPStream.indexLimit else { return false }
    switch stream.verdict(index) {
    case .fresh: break
    // Sending an index twice is harmless in counter mode as long as the payload is the same; with
    // AEAD it would give the authentication key away (RFC 7714 section 8.4).
    case .repeated: guard !outbound.isAEAD else { return false }
    case .old: return false
    }
    guard outbound.sealRTP(packet, Int(length), header, ssrc, index) else { return false }
    stream.note(index)
    length &+= Int32(outbound.overhead)
    return true
  }

  mutating func unprotectRTP(
    _ packet: UnsafeMutableRawPointer, _ length: inout Int32, header: Int
  ) -> TransportRefusal? {
    let ssrc = Self.word(packet, 8)
    let sequence = UInt16(
      bigEndian: packet.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    let known = inbound.stream(ssrc)
    if known == nil, inbound.isFull { return .srtpTooManySources }
    let index = SRTPStream.index(of: sequence, highest: known?.highest ?? 0)
    guard index < SRTPStream.indexLimit else { return .srtpMalformed }
    if let known, known.verdict(index) != .fresh { return .srtpReplayed }
    let text = Int(length) &- header &- inbound.overhead
    guard inbound.openRTP(packet, header, text, ssrc, index) else { return .srtpUnauthenticated }
    // Only who has the key makes us keep something.
    (known ?? inbound.add(ssrc))?.note(index)
    length &-= Int32(inbound.overhead)
    return nil
  }

  mutating func protectRTCP(_ packet: UnsafeMutableRawPointer, _ length: inout Int32) -> Bool {
    let ssrc = Self.word(packet, 4)
    guard let stream = outbound.stream(ssrc) ?? outbound.add(ssrc) else { return false }
    let index = stream.highestControl &+ 1
    guard index < SRTPStream.controlIndexLimit,
      outbound.sealRTCP(packet, Int(length), ssrc, UInt32(truncatingIfNeeded: index))
    else { return false }
    stream.noteControl(index)
    length &+= Int32(outbound.overhead &+ 4)
    return true
  }

  mutating func unprotectRTCP(
    _ packet: UnsafeMutableRawPointer, _ length: inout Int32
  ) -> TransportRefusal? {
    let ssrc = Self.word(packet, 4)
    let known = inbound.stream(ssrc)
    if known == nil, inbound.isFull { return .srtpTooManySources }
    let text = Int(length) &- 8 &- inbound.overhead &- 4
    let trailer = inbound.controlTrailer(packet, Int(length))
    let index = UInt64(trailer & 0x7FFF_FFFF)
    if let known, known.controlVerdict(index) != .fresh { return .srtpReplayed }
    // The E flag: reports that are not encrypted are none of ours.
    guard trailer >> 31 == 1, inbound.openRTCP(packet, text, ssrc, trailer) else {
      return .srtpUnauthenticated
    }
    (known ?? inbound.add(ssrc))?.noteControl(index)
    length &-= Int32(inbound.overhead &+ 4)
    return nil
  }

  func prefetchKeys(opens: Bool) {
    if opens { inbound.prefetchKeys() } else { outbound.prefetchKeys() }
  }

  private static func word(_ start: UnsafeMutableRawPointer, _ offset: Int) -> UInt32 {
    UInt32(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
