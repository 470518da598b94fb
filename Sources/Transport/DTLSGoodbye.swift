internal import COpenSSL

/// What is left of a DTLS association when the handshake is over on both sides and only alerts can
/// follow: our close_notify, sealed in advance, and the keys to open the peer's. OpenSSL's own state
/// is some 60 kB a peer.
struct DTLSGoodbye {
  enum Alert: Equatable {
    case closeNotify
    /// Any other fatal one.
    case fatal
  }

  /// The datagram that says close_notify.
  let farewell: [UInt8]
  private let key: DTLSRecordKey

  init(farewell: [UInt8], key: DTLSRecordKey) {
    self.farewell = farewell
    self.key = key
  }

  /// The first alert in a datagram that ends the association; `nil` when there is none that the peer
  /// has sealed.
  func alert(in datagram: UnsafeRawBufferPointer) -> Alert? {
    var rest = datagram[...]
    while rest.count >= DTLSRecordKey.headerLength {
      let record = UnsafeRawBufferPointer(rebasing: rest)
      let end = DTLSRecordKey.headerLength + (Int(record[11]) << 8 | Int(record[12]))
      guard end <= record.count else { return nil }
      // An alert of the first epoch with keys; there are no others without renegotiation.
      if record[0] == 21, record[3] == 0, record[4] == 1,
        let plain = key.open(UnsafeRawBufferPointer(rebasing: record[..<end])), plain.count == 2
      {
        // RFC 5246 section 7.2
        if plain[1] == 0 { return .closeNotify }
        if plain[0] == 2 { return .fatal }
      }
      rest = rest.dropFirst(end)
    }
    return nil
  }
}

/// The key of one direction of DTLS 1.2 with an AEAD cipher (RFC 6347 section 4.1.2).
struct DTLSRecordKey {
  static let headerLength = 13

  private enum Cipher {
    case aes128GCM, aes256GCM, chaCha20Poly1305

    var keyLength: Int { self == .aes128GCM ? 16 : 32 }
    /// Of the part of the nonce that both sides know (RFC 5288 section 3, RFC 7905 section 2).
    var ivLength: Int { self == .chaCha20Poly1305 ? 12 : 4 }
    /// Of the part that each record tells.
    var explicitLength: Int { self == .chaCha20Poly1305 ? 0 : 8 }

    var evp: OpaquePointer? {
      switch self {
      case .aes128GCM: EVP_aes_128_gcm()
      case .aes256GCM: EVP_aes_256_gcm()
      case .chaCha20Poly1305: EVP_chacha20_poly1305()
      }
    }
  }

  private static let tagLength = 16

  private let cipher: Cipher
  private let key: [UInt8]
  private let iv: [UInt8]

  /// With which the peer seals what it sends, once the handshake is done; `nil` when the version or
  /// the cipher is another one.
  init?(ofPeerOn ssl: OpaquePointer, role: DTLSRole) {
    guard SSL_version(ssl) == DTLS1_2_VERSION, let suite = SSL_get_current_cipher(ssl),
      let digest = SSL_CIPHER_get_handshake_digest(suite), let session = SSL_get_session(ssl)
    else { return nil }
    switch SSL_CIPHER_get_cipher_nid(suite) {
    case NID_aes_128_gcm: cipher = .aes128GCM
    case NID_aes_256_gcm: cipher = .aes256GCM
    case NID_chacha20_poly1305: cipher = .chaCha20Poly1305
    default: return nil
    }
    var master = [UInt8](repeating: 0, count: 48)
    var client = [UInt8](repeating: 0, count: 32)
    var server = client
    defer { master.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    guard SSL_SESSION_get_master_key(session, &master, master.count) == master.count,
      SSL_get_client_random(ssl, &client, client.count) == client.count,
      SSL_get_server_random(ssl, &server, server.count) == server.count
    else { return nil }
    // RFC 5246 section 6.3; AEAD ciphers have no MAC keys.
    let seed = Array("key expansion".utf8) + server + client
    let length = 2 * (cipher.keyLength + cipher.ivLength)
    guard var block = Self.expand(master, seed, length: length, digest) else { return nil }
    defer { block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    // client key, server key, client IV, server IV
    let place = role == .passive ? 0 : 1
    let ivs = 2 * cipher.keyLength
    key = Array(block[place * cipher.keyLength..<(place + 1) * cipher.keyLength])
    iv = Array(block[ivs + place * cipher.ivLength..<ivs + (place + 1) * cipher.ivLength])
  }

  /// P_hash of RFC 5246 section 5.
  private static func expand(
    _ secret: [UInt8], _ seed: [UInt8], length: Int, _ digest: OpaquePointer
  ) -> [UInt8]? {
    func authenticate(_ bytes: [UInt8]) -> [UInt8]? {
      var code = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
      var count: UInt32 = 0
      guard
        HMAC(digest, secret, Int32(secret.count), bytes, bytes.count, &code, &count) != nil
      else { return nil }
      return Array(code.prefix(Int(count)))
    }
    var result: [UInt8] = []
    var chain = seed
    while result.count < length {
      guard let next = authenticate(chain), let part = authenticate(next + seed) else { return nil }
      chain = next
      result += part
    }
    return Array(result.prefix(length))
  }

  /// The content of a sealed record; `nil` when the peer has not sealed it.
  func open(_ record: UnsafeRawBufferPointer) -> [UInt8]? {
    let overhead = Self.headerLength + cipher.explicitLength + Self.tagLength
    // What is opened here is an alert: two octets.
    guard record.count >= overhead, record.count <= overhead + 64 else { return nil }
    let count = record.count - overhead
    let body = Self.headerLength + cipher.explicitLength
    // Epoch and sequence number, type, version, length of the content.
    let associated =
      Array(record[3..<11]) + Array(record[0..<3]) + [UInt8(count >> 8), UInt8(count & 255)]
    var nonce = iv
    if cipher == .chaCha20Poly1305 {
      for i in 0..<8 { nonce[4 + i] ^= record[3 + i] }
    } else {
      nonce += record[Self.headerLength..<body]
    }
    let content = [UInt8](record[body..<(body + count)])
    var tag = [UInt8](record[(body + count)...])
    var plain = [UInt8](repeating: 0, count: max(count, 1))
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    defer {
      EVP_CIPHER_CTX_free(context)
      ERR_clear_error()
    }
    var written: Int32 = 0
    let isOpen =
      EVP_DecryptInit_ex(context, cipher.evp, nil, key, nonce) == 1
      && EVP_DecryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
      && EVP_DecryptUpdate(context, &plain, &written, content, Int32(count)) == 1
      && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1
      && EVP_DecryptFinal_ex(context, nil, &written) == 1
    return isOpen ? Array(plain.prefix(count)) : nil
  }
}
