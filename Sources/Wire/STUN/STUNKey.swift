/// The key of STUN message integrity: HMAC-SHA1 (RFC 2104) with both pads hashed beforehand.
public struct STUNKey: Sendable {
  private let inner: SHA1
  private let outer: SHA1

  /// - Parameter bytes: for short-term credentials the password as it is (RFC 8489 section 9.1.1).
  public init(_ bytes: UnsafeRawBufferPointer) {
    var block = InlineArray<64, UInt8>(repeating: 0)
    if bytes.count > SHA1.blockLength {
      var hash = SHA1()
      hash.update(bytes)
      let digest = hash.finish()
      for i in 0..<SHA1.digestLength { block[i] = Self.octet(i, of: digest) }
    } else {
      for (i, byte) in bytes.enumerated() { block[i] = byte }
    }
    var inner = SHA1()
    var outer = SHA1()
    for i in 0..<SHA1.blockLength {
      inner.update(block[i] ^ 0x36)
      outer.update(block[i] ^ 0x5C)
    }
    self.inner = inner
    self.outer = outer
  }

  public init(password: String) {
    var password = password
    self = password.withUTF8 { Self(UnsafeRawBufferPointer($0)) }
  }

  /// The HMAC-SHA1 of any octets, 20 octets.
  public func code(of octets: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = inner
    hash.update(octets)
    let digest = finish(hash)
    return (0..<SHA1.digestLength).map { Self.octet($0, of: digest) }
  }

  /// The HMAC of a message's octets, with `length` in place of those of its length field.
  func code(
    of message: UnsafeRawBufferPointer, lengthField length: UInt16
  ) -> SHA1.Digest {
    var hash = inner
    hash.update(message.slice(0..<2))
    hash.update(UInt8(truncatingIfNeeded: length >> 8))
    hash.update(UInt8(truncatingIfNeeded: length))
    hash.update(message.slice(4..<message.count))
    return finish(hash)
  }

  private func finish(_ hash: SHA1) -> SHA1.Digest {
    let digest = hash.finish()
    var final = outer
    for i in 0..<SHA1.digestLength { final.update(Self.octet(i, of: digest)) }
    return final.finish()
  }

  static func octet(_ i: Int, of digest: SHA1.Digest) -> UInt8 {
    let word =
      switch i >> 2 {
      case 0: digest.0
      case 1: digest.1
      case 2: digest.2
      case 3: digest.3
      default: digest.4
      }
    return UInt8(truncatingIfNeeded: word >> UInt32(24 &- (i & 3) &* 8))
  }
}
