internal import Wire

/// SRTP and SRTCP of one peer, both ways, in place (RFC 3711, RFC 7714): lengths are checked and
/// sources counted here, the transform is an engine's. Confined to one thread.
public final class SRTPSession {
  /// Sources that a peer may send with; a browser has a handful, and a session keeps each for good.
  static let inboundLimit = 128
  static let outboundLimit = 1024

  public enum Outcome: Equatable, Sendable {
    /// Plaintext of this length is at the start of the buffer.
    case packet(length: Int)
    case refused(TransportRefusal)
  }

  /// A case each: no existential on the packet path.
  private enum Engine {
    case openSSL(OpenSSLSRTPEngine)
    case libSRTP(LibSRTPEngine)
  }

  public let profile: SRTPProfile
  private let engine: Engine
  /// libsrtp2 keeps what it is sent; our own engine counts for itself.
  private var inboundSources: SSRCSet
  private var outboundSources: SSRCSet
  private let rtpOverhead: Int
  private let rtcpOverhead: Int

  /// `nil` when the engine has no memory.
  public init?(_ keys: SRTPKeyingMaterial, engine: SRTPEngine = .default) {
    let counts = engine == .libSRTP
    inboundSources = SSRCSet(limit: counts ? Self.inboundLimit : 0)
    outboundSources = SSRCSet(limit: counts ? Self.outboundLimit : 0)
    switch engine {
    case .openSSL:
      guard
        let engine = OpenSSLSRTPEngine(
          keys, inboundLimit: Self.inboundLimit, outboundLimit: Self.outboundLimit)
      else { return nil }
      self.engine = .openSSL(engine)
    case .libSRTP:
      guard let engine = LibSRTPEngine(keys) else { return nil }
      self.engine = .libSRTP(engine)
    }
    profile = keys.profile
    rtpOverhead = keys.profile.rtpOverhead
    rtcpOverhead = keys.profile.rtcpOverhead
  }

  public func unprotectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count,
      let header = Self.rtpHeaderLength(start, length), length >= header + rtpOverhead
    else { return .refused(.srtpMalformed) }
    var count = Int32(truncatingIfNeeded: length)
    switch engine {
    case .openSSL(let engine):
      if let refusal = engine.unprotectRTP(start, &count, header: header) {
        return .refused(refusal)
      }
    case .libSRTP(let engine):
      let source = Self.source(start + 8)
      let known = inboundSources.contains(source)
      guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
      if let refusal = engine.unprotectRTP(start, &count) { return .refused(refusal) }
      if !known { inboundSources.insert(source) }
    }
    return .packet(length: Int(count))
  }

  public func unprotectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    guard let start = buffer.baseAddress, length <= buffer.count, length >= 8 + rtcpOverhead,
      length <= PacketArena.slotCapacity
    else { return .refused(.srtpMalformed) }
    var count = Int32(truncatingIfNeeded: length)
    switch engine {
    case .openSSL(let engine):
      if let refusal = engine.unprotectRTCP(start, &count) { return .refused(refusal) }
    case .libSRTP(let engine):
      let source = Self.source(start + 4)
      let known = inboundSources.contains(source)
      guard known || !inboundSources.isFull else { return .refused(.srtpTooManySources) }
      if let refusal = engine.unprotectRTCP(start, &count) { return .refused(refusal) }
      if !known { inboundSources.insert(source) }
    }
    return .packet(length: Int(count))
  }

  /// - Returns: the new length, or `nil`: no room, malformed, too many sources, or (AEAD) an index
  ///   that was already sent.
  public func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 0, length <= buffer.count - rtpOverhead,
      let header = Self.rtpHeaderLength(start, length)
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    switch engine {
    case .openSSL(let engine):
      return engine.protectRTP(start, &count, header: header) ? Int(count) : nil
    case .libSRTP(let engine):
      guard admitOutbound(Self.source(start + 8)) else { return nil }
      return engine.protectRTP(start, &count) ? Int(count) : nil
    }
  }

  public func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    guard let start = buffer.baseAddress, length >= 8, length <= buffer.count - rtcpOverhead,
      length <= PacketArena.slotCapacity
    else { return nil }
    var count = Int32(truncatingIfNeeded: length)
    switch engine {
    case .openSSL(let engine):
      return engine.protectRTCP(start, &count) ? Int(count) : nil
    case .libSRTP(let engine):
      guard admitOutbound(Self.source(start + 4)) else { return nil }
      return engine.protectRTCP(start, &count) ? Int(count) : nil
    }
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
