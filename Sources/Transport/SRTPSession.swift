internal import Wire

/// SRTP and SRTCP of one peer, both ways, in place (RFC 3711, RFC 7714): lengths are checked and
/// sources counted here, the transform is an engine's.
final class SRTPSession {
  /// Sources that a peer may send with; a browser has a handful, and a session keeps each for good.
  static let inboundLimit = 128
  static let outboundLimit = 1024

  enum Outcome: Equatable {
    /// Plaintext of this length is at the start of the buffer.
    case packet(length: Int)
    case refused(TransportRefusal)
  }

  let profile: SRTPProfile
  /// A second engine makes this an enum with a case each: no existential on the packet path.
  private let engine: LibSRTPEngine
  private var inboundSources = SSRCSet(limit: SRTPSession.inboundLimit)
  private var outboundSources = SSRCSet(limit: SRTPSession.outboundLimit)
  private let rtpOverhead: Int
  private let rtcpOverhead: Int

  /// `nil` when the engine has no memory.
  init?(_ keys: SRTPKeyingMaterial) {
    guard let engine = LibSRTPEngine(keys) else { return nil }
    self.engine = engine
    profile = keys.profile
    rtpOverhead = keys.profile.rtpOverhead
    rtcpOverhead = keys.profile.rtcpOverhead
  }

  func unprotectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count,
      let header = Self.rtpHeaderLength(start, length), length >= header + rtpOverhead
    else { return .refused(.srtpMalformed) }
    let source = Self.source(start + 8)
    let known = inboundSources.contains(source)
    guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
    var count = Int32(truncatingIfNeeded: length)
    if let refusal = engine.unprotectRTP(start, &count) { return .refused(refusal) }
    if !known { inboundSources.insert(source) }
    return .packet(length: Int(count))
  }

  func unprotectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count, length >= 8 + rtcpOverhead else {
      return .refused(.srtpMalformed)
    }
    let source = Self.source(start + 4)
    let known = inboundSources.contains(source)
    guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
    var count = Int32(truncatingIfNeeded: length)
    if let refusal = engine.unprotectRTCP(start, &count) { return .refused(refusal) }
    if !known { inboundSources.insert(source) }
    return .packet(length: Int(count))
  }

  /// - Returns: the new length, or `nil`: no room, malformed, too many sources, or (AEAD) an index
  ///   that was already sent.
  func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 0, length <= buffer.count - rtpOverhead,
      Self.rtpHeaderLength(start, length) != nil, admitOutbound(Self.source(start + 8))
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    return engine.protectRTP(start, &count) ? Int(count) : nil
  }

  func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 8, length <= buffer.count - rtcpOverhead,
      admitOutbound(Self.source(start + 4))
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    return engine.protectRTCP(start, &count) ? Int(count) : nil
  }

  private func admitOutbound(_ source: SSRC) -> Bool {
    if outboundSources.contains(source) { return true }
    outboundSources.insert(source)
    return outboundSources.contains(source)
  }

  /// Fixed header, CSRCs and extension (RFC 3550 section 5.1): what stays in the clear. `nil` when
  /// it is not in the packet wholly.
  private static func rtpHeaderLength(_ start: UnsafeMutableRawPointer, _ length: Int) -> Int? {
    guard length >= 12, length <= PacketArena.slotCapacity else { return nil }
    let first = start.load(as: UInt8.self)
    guard first >> 6 == 2 else { return nil }
    var header = 12 + Int(first & 15) * 4
    if first & 0x10 != 0 {
      guard length >= header + 4 else { return nil }
      let words = UInt16(
        bigEndian: start.loadUnaligned(fromByteOffset: header + 2, as: UInt16.self))
      header += 4 + Int(words) * 4
    }
    return header <= length ? header : nil
  }

  private static func source(_ start: UnsafeMutableRawPointer) -> SSRC {
    SSRC(UInt32(bigEndian: start.loadUnaligned(as: UInt32.self)))
  }
}
