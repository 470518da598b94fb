import COpenSSL

@testable import Transport

/// SRTP written down from the RFCs as plainly as can be, on OpenSSL's primitives: the oracle that
/// the engines are compared with. It is itself proved by the vectors of RFC 3711 and RFC 7714.
struct ReferenceSRTP {
  struct SessionKeys: Equatable {
    var encryption: [UInt8]
    var authentication: [UInt8]
    var salt: [UInt8]
  }

  let profile: SRTPProfile
  let rtp: SessionKeys
  let rtcp: SessionKeys

  /// RFC 3711 section 4.3, labels 0...2 for SRTP and 3...5 for SRTCP, key derivation rate 0.
  init(profile: SRTPProfile, master: [UInt8]) {
    self.profile = profile
    let key = Array(master.prefix(profile.keyLength))
    let salt = Array(master.suffix(profile.saltLength))
    func keys(_ first: UInt8) -> SessionKeys {
      SessionKeys(
        encryption: Self.derive(key, salt, first, profile.keyLength),
        authentication: Self.derive(key, salt, first + 1, 20),
        salt: Self.derive(key, salt, first + 2, profile.saltLength))
    }
    rtp = keys(0)
    rtcp = keys(3)
  }

  /// The vectors of RFC 7714 give the session keys.
  init(profile: SRTPProfile, session: SessionKeys) {
    self.profile = profile
    rtp = session
    rtcp = session
  }

  /// AES-CM as key derivation function. A salt of 96 bits is padded on the right to 112
  /// (RFC 7714 section 11).
  static func derive(_ key: [UInt8], _ salt: [UInt8], _ label: UInt8, _ length: Int) -> [UInt8] {
    var x = salt + [UInt8](repeating: 0, count: 14 - salt.count)
    x[7] ^= label
    return counterMode(key: key, iv: x + [0, 0], data: [UInt8](repeating: 0, count: length))
  }

  static func counterMode(key: [UInt8], iv: [UInt8], data: [UInt8]) -> [UInt8] {
    let context = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(context) }
    var out = [UInt8](repeating: 0, count: data.count)
    var length: Int32 = 0
    let cipher = key.count == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr()
    EVP_EncryptInit_ex(context, cipher, nil, key, iv)
    EVP_EncryptUpdate(context, &out, &length, data, Int32(data.count))
    return out
  }

  static func gcm(key: [UInt8], iv: [UInt8], associated: [UInt8], data: [UInt8]) -> [UInt8] {
    let context = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(context) }
    var out = [UInt8](repeating: 0, count: data.count + 16)
    var length: Int32 = 0
    let cipher = key.count == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm()
    EVP_EncryptInit_ex(context, cipher, nil, key, iv)
    EVP_EncryptUpdate(context, nil, &length, associated, Int32(associated.count))
    EVP_EncryptUpdate(context, &out, &length, data, Int32(data.count))
    var last: Int32 = 0
    out.withUnsafeMutableBufferPointer { bytes in
      let start = bytes.baseAddress
      EVP_EncryptFinal_ex(context, start.map { $0 + data.count }, &last)
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, start.map { $0 + data.count })
    }
    return out
  }

  static func hmacSHA1(key: [UInt8], _ data: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 20
    HMAC(EVP_sha1(), key, Int32(key.count), data, data.count, &out, &length)
    return out
  }

  /// - Parameter header: octets that stay in the clear.
  func protectRTP(_ packet: [UInt8], header: Int, rollover: UInt32) -> [UInt8] {
    let clear = Array(packet[..<header])
    let payload = Array(packet[header...])
    let ssrc = Array(packet[8..<12])
    let roc = bytes(rollover)
    switch profile {
    case .aeadAES128GCM, .aeadAES256GCM:
      // RFC 7714 section 8.1
      let iv = xor([0, 0] + ssrc + roc + packet[2..<4], rtp.salt)
      return clear + Self.gcm(key: rtp.encryption, iv: iv, associated: clear, data: payload)
    case .aesCM128HMACSHA1_80:
      // RFC 3711 section 4.1.1: salt * 2^16 ^ SSRC * 2^64 ^ index * 2^16
      let iv = xor([0, 0, 0, 0] + ssrc + roc + packet[2..<4], rtp.salt) + [0, 0]
      let sealed = clear + Self.counterMode(key: rtp.encryption, iv: iv, data: payload)
      return sealed + Self.hmacSHA1(key: rtp.authentication, sealed + roc).prefix(10)
    }
  }

  func protectRTCP(_ packet: [UInt8], index: UInt32) -> [UInt8] {
    let clear = Array(packet[..<8])
    let payload = Array(packet[8...])
    let ssrc = Array(packet[4..<8])
    let trailer = bytes(index | 0x8000_0000)
    switch profile {
    case .aeadAES128GCM, .aeadAES256GCM:
      // RFC 7714 section 9.1
      let iv = xor([0, 0] + ssrc + [0, 0] + bytes(index), rtcp.salt)
      return clear
        + Self.gcm(key: rtcp.encryption, iv: iv, associated: clear + trailer, data: payload)
        + trailer
    case .aesCM128HMACSHA1_80:
      let iv = xor([0, 0, 0, 0] + ssrc + [0, 0] + bytes(index), rtcp.salt) + [0, 0]
      let sealed = clear + Self.counterMode(key: rtcp.encryption, iv: iv, data: payload) + trailer
      return sealed + Self.hmacSHA1(key: rtcp.authentication, sealed).prefix(10)
    }
  }

  private func bytes(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  private func xor(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { zip(a, b).map { $0 ^ $1 } }
}
