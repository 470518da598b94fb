internal import Wire

/// SRTP and SRTCP of one peer, both ways, in place (RFC 3711, RFC 7714): lengths are checked and
/// sources counted here, the cipher's work is an engine's. A value without reference counts: it is on
/// the way of every packet.
struct SRTPTransform: ~Copyable {
  typealias Outcome = SRTPSession.Outcome

  /// One of the two is set: no existential on the packet path.
  private var openSSL: OpenSSLSRTPEngine?
  private let libSRTP: LibSRTPEngine?
  let profile: SRTPProfile
  /// libsrtp2 keeps what it is sent; our own engine counts for itself.
  private var inboundSources: SSRCSet
  private var outboundSources: SSRCSet
  private let rtpOverhead: Int
  private let rtcpOverhead: Int

  /// `nil` when the engine has no memory.
  init?(_ keys: SRTPKeyingMaterial, engine: SRTPEngine) {
    let counts = engine == .libSRTP
    inboundSources = SSRCSet(limit: counts ? SRTPSession.inboundLimit : 0)
    outboundSources = SSRCSet(limit: counts ? SRTPSession.outboundLimit : 0)
    profile = keys.profile
    rtpOverhead = keys.profile.rtpOverhead
    rtcpOverhead = keys.profile.rtcpOverhead
    switch engine {
    case .openSSL:
      openSSL = OpenSSLSRTPEngine(
        keys, inboundLimit: SRTPSession.inboundLimit, outboundLimit: SRTPSession.outboundLimit)
      libSRTP = nil
      if openSSL == nil { return nil }
    case .libSRTP:
      openSSL = nil
      libSRTP = LibSRTPEngine(keys)
      if libSRTP == nil { return nil }
    }
  }

  mutating func unprotectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count,
      let header = Self.rtpHeaderLength(start, length), length >= header + rtpOverhead
    else { return .refused(.srtpMalformed) }
    var count = Int32(truncatingIfNeeded: length)
    if let libSRTP {
      let source = Self.source(start + 8)
      let known = inboundSources.contains(source)
      guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
      if let refusal = libSRTP.unprotectRTP(start, &count) { return .refused(refusal) }
      if !known { inboundSources.insert(source) }
    } else {
      guard openSSL != nil else { return .refused(.srtpNotReady) }
      if let refusal = openSSL?.unprotectRTP(start, &count, header: header) {
        return .refused(refusal)
      }
    }
    return .packet(length: Int(count))
  }

  mutating func unprotectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count, length >= 8 + rtcpOverhead,
      length <= PacketArena.slotCapacity
    else { return .refused(.srtpMalformed) }
    var count = Int32(truncatingIfNeeded: length)
    if let libSRTP {
      let source = Self.source(start + 4)
      let known = inboundSources.contains(source)
      guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
      if let refusal = libSRTP.unprotectRTCP(start, &count) { return .refused(refusal) }
      if !known { inboundSources.insert(source) }
    } else {
      guard openSSL != nil else { return .refused(.srtpNotReady) }
      if let refusal = openSSL?.unprotectRTCP(start, &count) { return .refused(refusal) }
    }
    return .packet(length: Int(count))
  }

  /// - Returns: the new length, or `nil`: no room, malformed, too many sources, or (AEAD) an index
  ///   that was already sent.
  mutating func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 0, length <= buffer.count - rtpOverhead,
      let header = Self.rtpHeaderLength(start, length)
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    if let libSRTP {
      guard admitOutbound(Self.source(start + 8)), libSRTP.protectRTP(start, &count) else {
        return nil
      }
      return Int(count)
    }
    return openSSL?.protectRTP(start, &count, header: header) == true ? Int(count) : nil
  }

  mutating func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 8, length <= buffer.count - rtcpOverhead,
      length <= PacketArena.slotCapacity
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    if let libSRTP {
      guard admitOutbound(Self.source(start + 4)), libSRTP.protectRTCP(start, &count) else {
        return nil
      }
      return Int(count)
    }
    return openSSL?.protectRTCP(start, &count) == true ? Int(count) : nil
  }

  /// Says that a packet comes or goes soon; see `MediaTransport`.
  mutating func prefetchKeys(opens: Bool) {
    if openSSL != nil { openSSL?.prefetchKeys(opens: opens) }
  }

  private mutating func admitOutbound(_ source: SSRC) -> Bool {
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
