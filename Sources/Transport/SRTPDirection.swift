internal import Wire

/// One direction of an SRTP session: its keys, its streams, and the packet formats of RFC 3711
/// section 3 and RFC 7714 sections 8 and 9.
struct SRTPDirection: ~Copyable {
  private struct Part: ~Copyable {
    let cipher: SRTPCipher
    /// The salt as the upper 112 of 128 bits.
    let salt: (high: UInt64, low: UInt64)
    /// On its own: most sessions have none.
    let authenticator: UnsafeMutablePointer<SRTPAuthenticator>?

    init?(_ profile: SRTPProfile, _ keys: SRTPSessionKeys.Part, opens: Bool) {
      let isAEAD = profile != .aesCM128HMACSHA1_80
      let mode: SRTPCipher.Mode = isAEAD ? (opens ? .open : .seal) : .counter
      guard let cipher = SRTPCipher(profile, key: keys.encryption, mode: mode) else { return nil }
      let padded = keys.salt + [0, 0]
      salt = (
        padded[..<8].reduce(0) { $0 << 8 | UInt64($1) },
        padded[8...].reduce(0) { $0 << 8 | UInt64($1) }
      )
      self.cipher = cipher
      guard !isAEAD else {
        authenticator = nil
        return
      }
      let place = UnsafeMutablePointer<SRTPAuthenticator>.allocate(capacity: 1)
      place.initialize(to: SRTPAuthenticator(key: keys.authentication))
      authenticator = place
    }

    deinit {
      authenticator?.deinitialize(count: 1)
      authenticator?.deallocate()
    }
  }

  // What every packet needs stands together.
  private let rtp: Part
  let isAEAD: Bool
  /// Octets of the tag.
  let overhead: Int
  private var streams: SRTPStreamTable
  private let rtcp: Part

  init?(_ profile: SRTPProfile, master: [UInt8], opens: Bool, limit: Int) {
    guard let keys = SRTPSessionKeys(profile, master: master),
      let rtp = Part(profile, keys.rtp, opens: opens),
      let rtcp = Part(profile, keys.rtcp, opens: opens)
    else { return nil }
    self.rtp = rtp
    self.rtcp = rtcp
    isAEAD = profile != .aesCM128HMACSHA1_80
    overhead = profile.rtpOverhead
    streams = SRTPStreamTable(limit: limit)
  }

  var isFull: Bool { streams.isFull }
  func stream(_ ssrc: UInt32) -> SRTPStream? { streams.find(ssrc) }
  mutating func add(_ ssrc: UInt32) -> SRTPStream? { streams.insert(ssrc) }

  func prefetchKeys() {
    rtp.cipher.prefetch()
    streams.prefetch()
  }

  // MARK: Nonces

  /// RFC 7714 section 8.1: 16 zero bits, SSRC, 48 bits of index, exclusive or the salt.
  private static func nonce(_ salt: (high: UInt64, low: UInt64), _ ssrc: UInt32, _ index: UInt64)
    -> (UInt64, UInt64)
  {
    (UInt64(ssrc) << 16 ^ index >> 32 ^ salt.high, index << 32 ^ salt.low)
  }

  /// RFC 3711 section 4.1.1: salt * 2^16, SSRC * 2^64, index * 2^16.
  private static func counter(_ salt: (high: UInt64, low: UInt64), _ ssrc: UInt32, _ index: UInt64)
    -> (UInt64, UInt64)
  {
    (UInt64(ssrc) ^ salt.high, index << 16 ^ salt.low)
  }

  // MARK: RTP

  func sealRTP(
    _ packet: UnsafeMutableRawPointer, _ length: Int, _ header: Int, _ ssrc: UInt32,
    _ index: UInt64
  ) -> Bool {
    let text = packet + header
    let count = length &- header
    guard let authenticator = rtp.authenticator else {
      return rtp.cipher.seal(
        nonce: Self.nonce(rtp.salt, ssrc, index), header: packet, headerCount: header, text: text,
        count: count)
    }
    let counter = Self.counter(rtp.salt, ssrc, index)
    guard rtp.cipher.crypt(counter: counter, text: text, count: count) else { return false }
    authenticator.pointee.sign(
      packet, length, trailer: UInt32(truncatingIfNeeded: index >> 16), tag: packet + length)
    return true
  }

  /// - Parameter count: octets of text, without the tag.
  func openRTP(
    _ packet: UnsafeMutableRawPointer, _ header: Int, _ count: Int, _ ssrc: UInt32,
    _ index: UInt64
  ) -> Bool {
    let text = packet + header
    guard let authenticator = rtp.authenticator else {
      return rtp.cipher.open(
        nonce: Self.nonce(rtp.salt, ssrc, index), header: packet, headerCount: header, text: text,
        count: count)
    }
    let counter = Self.counter(rtp.salt, ssrc, index)
    return authenticator.pointee.isAuthentic(
      packet, header &+ count, trailer: UInt32(truncatingIfNeeded: index >> 16),
      tag: text + count)
      && rtp.cipher.crypt(counter: counter, text: text, count: count)
  }

  // MARK: RTCP

  /// The E flag and the index: last in AEAD (RFC 7714 section 9.2), before the tag otherwise.
  func controlTrailer(_ packet: UnsafeMutableRawPointer, _ length: Int) -> UInt32 {
    let offset = isAEAD ? length &- 4 : length &- overhead &- 4
    return UInt32(bigEndian: packet.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  func sealRTCP(
    _ packet: UnsafeMutableRawPointer, _ length: Int, _ ssrc: UInt32, _ index: UInt32
  ) -> Bool {
    let text = packet + 8
    let count = length &- 8
    let trailer = index | 0x8000_0000
    guard let authenticator = rtcp.authenticator else {
      guard
        rtcp.cipher.seal(
          nonce: Self.nonce(rtcp.salt, ssrc, UInt64(index)), header: packet, headerCount: 8,
          trailer: trailer, text: text, count: count)
      else { return false }
      (packet + length + overhead).storeBytes(of: trailer.bigEndian, as: UInt32.self)
      return true
    }
    let counter = Self.counter(rtcp.salt, ssrc, UInt64(index))
    guard rtcp.cipher.crypt(counter: counter, text: text, count: count) else { return false }
    (packet + length).storeBytes(of: trailer.bigEndian, as: UInt32.self)
    authenticator.pointee.sign(packet, length &+ 4, trailer: nil, tag: packet + length + 4)
    return true
  }

  func openRTCP(
    _ packet: UnsafeMutableRawPointer, _ count: Int, _ ssrc: UInt32, _ trailer: UInt32
  ) -> Bool {
    let text = packet + 8
    let index = UInt64(trailer & 0x7FFF_FFFF)
    guard let authenticator = rtcp.authenticator else {
      return rtcp.cipher.open(
        nonce: Self.nonce(rtcp.salt, ssrc, index), header: packet, headerCount: 8,
        trailer: trailer, text: text, count: count)
    }
    return authenticator.pointee.isAuthentic(
      packet, 8 &+ count &+ 4, trailer: nil, tag: text + count + 4)
      && rtcp.cipher.crypt(
        counter: Self.counter(rtcp.salt, ssrc, index), text: text, count: count)
  }
}
