internal import COpenSSL

/// HMAC-SHA1 cut to 80 bits (RFC 3711 section 4.2.1), with both pads hashed beforehand.
///
/// On OpenSSL's SHA-1 itself: its HMAC allocates for every message.
struct SRTPAuthenticator: ~Copyable {
  static let tagLength = 10

  private let inner: SHA_CTX
  private let outer: SHA_CTX

  /// - Parameter key: at most 64 octets.
  init(key: [UInt8]) {
    let block = key + [UInt8](repeating: 0, count: 64 - key.count)
    func hash(_ pad: UInt8) -> SHA_CTX {
      var state = SHA_CTX()
      openssl_sha1_init(&state)
      openssl_sha1_update(&state, block.map { $0 ^ pad }, 64)
      return state
    }
    inner = hash(0x36)
    outer = hash(0x5C)
  }

  /// Writes the tag of a message to `tag`, which may follow the message.
  func sign(
    _ message: UnsafeRawPointer, _ count: Int, trailer: UInt32?, tag: UnsafeMutableRawPointer
  ) {
    withDigest(message, count, trailer) {
      tag.copyMemory(from: $0, byteCount: Self.tagLength)
    }
  }

  /// Takes the same time wherever the tag differs.
  func isAuthentic(
    _ message: UnsafeRawPointer, _ count: Int, trailer: UInt32?, tag: UnsafeRawPointer
  ) -> Bool {
    withDigest(message, count, trailer) { CRYPTO_memcmp($0, tag, Self.tagLength) == 0 }
  }

  @inline(__always)
  private func withDigest<T>(
    _ message: UnsafeRawPointer, _ count: Int, _ trailer: UInt32?,
    _ body: (UnsafeRawPointer) -> T
  ) -> T {
    var state = inner
    openssl_sha1_update(&state, message, count)
    if var word = trailer?.bigEndian { openssl_sha1_update(&state, &word, 4) }
    // 20 octets
    var digest: (UInt64, UInt64, UInt32) = (0, 0, 0)
    return withUnsafeMutableBytes(of: &digest) { bytes in
      guard let start = bytes.baseAddress else { preconditionFailure("a local without a place") }
      openssl_sha1_final(&state, start)
      state = outer
      openssl_sha1_update(&state, start, 20)
      openssl_sha1_final(&state, start)
      return body(UnsafeRawPointer(start))
    }
  }
}
