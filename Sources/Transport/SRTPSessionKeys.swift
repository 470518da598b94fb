internal import COpenSSL

/// The keys that packets of one direction are made with, derived from the master key
/// (RFC 3711 section 4.3 with a key derivation rate of 0, RFC 6188 for 256 bits).
struct SRTPSessionKeys {
  /// Of SRTP or of SRTCP.
  struct Part {
    var encryption: [UInt8]
    /// HMAC-SHA1, 20 octets; AEAD has no use for it.
    var authentication: [UInt8]
    /// 14 octets; those of 12 are padded with zeros on the right.
    var salt: [UInt8]
  }

  let rtp: Part
  let rtcp: Part

  /// - Parameter master: key, then salt.
  /// - Returns: `nil` when OpenSSL fails, for lack of memory.
  init?(_ profile: SRTPProfile, master: [UInt8]) {
    let key = Array(master.prefix(profile.keyLength))
    // RFC 7714 section 11: a salt of 96 bits is multiplied by 2^16.
    let short = master.dropFirst(profile.keyLength)
    let salt = short + [UInt8](repeating: 0, count: 14 - short.count)
    guard let rtp = Self.part(profile, key, Array(salt), label: 0),
      let rtcp = Self.part(profile, key, Array(salt), label: 3)
    else { return nil }
    self.rtp = rtp
    self.rtcp = rtcp
  }

  private static func part(
    _ profile: SRTPProfile, _ key: [UInt8], _ salt: [UInt8], label: UInt8
  ) -> Part? {
    guard let encryption = derive(key, salt, label, profile.keyLength),
      let authentication = derive(key, salt, label + 1, 20),
      let session = derive(key, salt, label + 2, profile.saltLength)
    else { return nil }
    return Part(
      encryption: encryption, authentication: authentication,
      salt: session + [UInt8](repeating: 0, count: 14 - session.count))
  }

  /// AES in counter mode as pseudo-random function (RFC 3711 section 4.3.3).
  private static func derive(
    _ key: [UInt8], _ salt: [UInt8], _ label: UInt8, _ length: Int
  ) -> [UInt8]? {
    var iv = salt + [0, 0]
    iv[7] ^= label
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    let zeros = [UInt8](repeating: 0, count: length)
    var out = zeros
    var written: Int32 = 0
    guard
      EVP_EncryptInit_ex2(
        context, key.count == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), key, iv, nil) == 1,
      EVP_EncryptUpdate(context, &out, &written, zeros, Int32(length)) == 1
    else {
      ERR_clear_error()
      return nil
    }
    return out
  }
}
