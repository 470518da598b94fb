internal import COpenSSL
internal import CPrefetch

/// One session key of AES in GCM or counter mode: OpenSSL's context keeps the expanded key, a packet
/// only changes the nonce, so nothing is allocated for it.
struct SRTPCipher: ~Copyable {
  static let tagLength = 16

  let context: OpaquePointer

  enum Mode {
    case seal, open
    /// Counter mode: the same both ways.
    case counter
  }

  /// `nil` when OpenSSL has no memory.
  init?(_ profile: SRTPProfile, key: [UInt8], mode: Mode) {
    guard let context = Self.makeContext(profile, key, mode) else { return nil }
    self.context = context
  }

  private static func makeContext(
    _ profile: SRTPProfile, _ key: [UInt8], _ mode: Mode
  ) -> OpaquePointer? {
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    let cipher =
      switch profile {
      case .aeadAES128GCM: gcm128
      case .aeadAES256GCM: gcm256
      case .aesCM128HMACSHA1_80: counter128
      }
    guard let cipher,
      EVP_CipherInit_ex2(context, cipher, key, nil, mode == .open ? 0 : 1, nil) == 1
    else {
      EVP_CIPHER_CTX_free(context)
      ERR_clear_error()
      return nil
    }
    return context
  }

  deinit { EVP_CIPHER_CTX_free(context) }

  // Fetched once: each fetch takes locks in OpenSSL.
  nonisolated(unsafe) private static let gcm128 = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
  nonisolated(unsafe) private static let gcm256 = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
  nonisolated(unsafe) private static let counter128 = EVP_CIPHER_fetch(nil, "AES-128-CTR", nil)

  /// OpenSSL's context, and behind it in memory, as a rule, the provider's with the expanded key:
  /// they are allocated one after the other.
  private static let span = 1152

  /// Says that a packet comes soon.
  func prefetch() {
    let start = UnsafeRawPointer(context)
    for offset in stride(from: 0, to: Self.span, by: 64) { CPrefetch.prefetch(start + offset) }
  }

  private func start(_ high: UInt64, _ low: UInt64) -> Bool {
    var nonce = (high.bigEndian, low.bigEndian)
    return withUnsafeBytes(of: &nonce) {
      EVP_CipherInit_ex2(
        context, nil, nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), -1, nil) == 1
    }
  }

  private func associate(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var written: Int32 = 0
    return EVP_CipherUpdate(context, nil, &written, bytes, Int32(truncatingIfNeeded: count)) == 1
  }

  private func transform(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Bool {
    guard count > 0 else { return true }
    var written: Int32 = 0
    return EVP_CipherUpdate(
      context, bytes, &written, bytes, Int32(truncatingIfNeeded: count)) == 1
  }

  /// GCM, in place; the tag goes behind the text.
  /// - Parameters:
  ///   - nonce: 96 bits, in the upper part of 128.
  ///   - trailer: more associated data behind `header`, in the clear; SRTCP has its index there.
  func seal(
    nonce: (UInt64, UInt64), header: UnsafeMutableRawPointer, headerCount: Int,
    trailer: UInt32? = nil, text: UnsafeMutableRawPointer, count: Int
  ) -> Bool {
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    return start(nonce.0, nonce.1)
      && associate(header.assumingMemoryBound(to: UInt8.self), headerCount)
      && associate(trailer)
      && transform(bytes, count)
      && EVP_CipherFinal_ex(context, bytes + count, &written) == 1
      && openssl_get_tag(context, bytes + count, Self.tagLength) == 1
  }

  /// GCM, in place; the tag stands behind the text. When it is wrong the text is spoilt.
  func open(
    nonce: (UInt64, UInt64), header: UnsafeMutableRawPointer, headerCount: Int,
    trailer: UInt32? = nil, text: UnsafeMutableRawPointer, count: Int
  ) -> Bool {
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    // Where the last call may write: counter modes have nothing left then.
    var rest: UInt64 = 0
    var written: Int32 = 0
    return start(nonce.0, nonce.1)
      && associate(header.assumingMemoryBound(to: UInt8.self), headerCount)
      && associate(trailer)
      && transform(bytes, count)
      && openssl_set_tag(context, bytes + count, Self.tagLength) == 1
      && withUnsafeMutableBytes(of: &rest) {
        EVP_CipherFinal_ex(
          context, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), &written) == 1
      }
  }

  /// Counter mode, in place.
  func crypt(counter: (UInt64, UInt64), text: UnsafeMutableRawPointer, count: Int) -> Bool {
    start(counter.0, counter.1) && transform(text.assumingMemoryBound(to: UInt8.self), count)
  }

  private func associate(_ trailer: UInt32?) -> Bool {
    guard var word = trailer?.bigEndian else { return true }
    return withUnsafeBytes(of: &word) {
      $0.baseAddress.map { associate($0.assumingMemoryBound(to: UInt8.self), 4) } ?? false
    }
  }
}
