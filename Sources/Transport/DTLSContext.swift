internal import COpenSSL

/// What all DTLS associations share: the certificate and the rules (OpenSSL's `SSL_CTX`). Set up
/// once, then only read, so workers on several threads may share it.
public final class DTLSContext: Sendable {
  public let certificate: DTLSCertificate

  nonisolated(unsafe) let pointer: OpaquePointer

  /// The order is our preference: as DTLS server we choose (RFC 5764 section 4.1.1).
  public static let defaultProfiles: [SRTPProfile] = [
    .aeadAES128GCM, .aeadAES256GCM, .aesCM128HMACSHA1_80,
  ]

  /// DTLS 1.2 with forward secrecy and AEAD ciphers only, no compression, no renegotiation, no
  /// resumption, no cookies: a path is proved by ICE before DTLS is taken from it, and a cookie
  /// exchange could not reassemble the ClientHello that a post-quantum key share splits in two.
  public init(
    certificate: DTLSCertificate, profiles: [SRTPProfile] = DTLSContext.defaultProfiles
  ) throws(DTLSError) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(DTLS_method()) else { throw .latest("creating a DTLS context") }
    self.certificate = certificate
    pointer = context

    SSL_CTX_set_options(context, Self.options)
    SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
    SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    // What OpenSSL keeps of a handshake that came in pieces: 100 kB otherwise.
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_CERT_LIST, 16_384, nil)
    let list = profiles.map(\.openSSLName).joined(separator: ":")
    let done =
      SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(DTLS1_2_VERSION), nil) == 1
      && SSL_CTX_set_cipher_list(context, Self.ciphers) == 1
      && Self.setGroups(context, "X25519:P-256:P-384")
      && SSL_CTX_use_certificate(context, certificate.x509) == 1
      && SSL_CTX_use_PrivateKey(context, certificate.privateKey) == 1
      // The only one of these that returns 0 for success.
      && (profiles.isEmpty || SSL_CTX_set_tlsext_use_srtp(context, list) == 0)
    guard done else {
      SSL_CTX_free(context)
      throw .latest("setting up a DTLS context")
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    SSL_CTX_set_cert_verify_callback(context, { store, _ in DTLSTransport.verify(store) }, nil)
  }

  deinit { SSL_CTX_free(pointer) }

  private static let ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"
    + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"

  /// The `SSL_OP_` macros carry a cast, which Swift does not import: their bits by number.
  private static let options: UInt64 =
    1 << 12  // NO_QUERY_MTU
    | 1 << 14  // NO_TICKET
    | 1 << 17  // NO_COMPRESSION
    | 1 << 22  // CIPHER_SERVER_PREFERENCE
    | 1 << 30  // NO_RENEGOTIATION

  private static func setGroups(_ context: OpaquePointer, _ list: String) -> Bool {
    list.withCString {
      SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: $0)) == 1
    }
  }
}

extension SRTPProfile {
  /// OpenSSL's own names differ from those of the registry.
  var openSSLName: String {
    switch self {
    case .aeadAES128GCM: "SRTP_AEAD_AES_128_GCM"
    case .aeadAES256GCM: "SRTP_AEAD_AES_256_GCM"
    case .aesCM128HMACSHA1_80: "SRTP_AES128_CM_SHA1_80"
    }
  }

  /// By the number in the IANA registry.
  init?(registered id: UInt) {
    switch id {
    case 0x0001: self = .aesCM128HMACSHA1_80
    case 0x0007: self = .aeadAES128GCM
    case 0x0008: self = .aeadAES256GCM
    default: return nil
    }
  }
}
