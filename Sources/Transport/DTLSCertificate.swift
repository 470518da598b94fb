internal import COpenSSL

/// The certificate that all peers of this process see, with its private key (RFC 8827 section 6.5):
/// self-signed, thrown away when the process ends.
public final class DTLSCertificate: Sendable {
  /// Valid from a day ago (clocks differ) for so many days more.
  public static let validDays = 30

  public let fingerprint: CertificateFingerprint

  /// Reference counted by OpenSSL with atomics; never changed after `generate`.
  nonisolated(unsafe) let x509: OpaquePointer
  nonisolated(unsafe) let privateKey: OpaquePointer

  /// Takes both over.
  private init(x509: OpaquePointer, privateKey: OpaquePointer, fingerprint: CertificateFingerprint)
  {
    self.x509 = x509
    self.privateKey = privateKey
    self.fingerprint = fingerprint
  }

  deinit {
    X509_free(x509)
    EVP_PKEY_free(privateKey)
  }

  /// The kinds of key that browsers use (RFC 8827 section 6.5).
  public enum KeyKind: Hashable, Sendable {
    case ecdsaP256
    /// 2048 bits. For tests and old peers: a hundred times slower to sign with.
    case rsa2048
  }

  /// A fresh key pair with a self-signed certificate of a random common name.
  public static func generate(_ kind: KeyKind = .ecdsaP256) throws(DTLSError) -> DTLSCertificate {
    ERR_clear_error()
    guard let key = makeKey(kind) else { throw .latest("generating a key pair") }
    guard let x509 = makeCertificate(key) else {
      EVP_PKEY_free(key)
      throw .latest("signing a certificate")
    }
    guard let fingerprint = CertificateFingerprint(of: x509, .sha256) else {
      X509_free(x509)
      EVP_PKEY_free(key)
      throw .latest("hashing a certificate")
    }
    return DTLSCertificate(x509: x509, privateKey: key, fingerprint: fingerprint)
  }

  private static func makeKey(_ kind: KeyKind) -> OpaquePointer? {
    let id =
      switch kind {
      case .ecdsaP256: EVP_PKEY_EC
      case .rsa2048: EVP_PKEY_RSA
      }
    guard let context = EVP_PKEY_CTX_new_id(id, nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_keygen_init(context) == 1 else { return nil }
    let prepared =
      switch kind {
      case .ecdsaP256: EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
      case .rsa2048: EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048)
      }
    var key: OpaquePointer?
    guard prepared == 1, EVP_PKEY_generate(context, &key) == 1 else { return nil }
    return key
  }

  private static func makeCertificate(_ key: OpaquePointer) -> OpaquePointer? {
    guard let x509 = X509_new() else { return nil }
    var secret = SecretRandom()
    let day = 24 * 60 * 60
    let name = X509_get_subject_name(x509)
    let commonName = Array(
      secret.bytes(8).map { String($0 | 0x10, radix: 16) }.joined().utf8)
    let done =
      X509_set_version(x509, 2) == 1
      && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), secret.next() >> 1) == 1
      && X509_gmtime_adj(X509_getm_notBefore(x509), -day) != nil
      && X509_gmtime_adj(X509_getm_notAfter(x509), validDays * day) != nil
      && X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_UTF8, commonName, Int32(commonName.count), -1, 0) == 1
      && X509_set_issuer_name(x509, name) == 1
      && X509_set_pubkey(x509, key) == 1
      && X509_sign(x509, key, EVP_sha256()) > 0
    guard done else {
      X509_free(x509)
      return nil
    }
    return x509
  }
}

extension CertificateFingerprint {
  /// The hash of the DER form of a certificate; `nil` when OpenSSL fails.
  init?(of x509: OpaquePointer, _ algorithm: Algorithm) {
    let hash =
      switch algorithm {
      case .sha256: EVP_sha256()
      case .sha384: EVP_sha384()
      case .sha512: EVP_sha512()
      }
    var bytes = [UInt8](repeating: 0, count: algorithm.length)
    var length = UInt32(bytes.count)
    guard X509_digest(x509, hash, &bytes, &length) == 1 else { return nil }
    self.init(algorithm: algorithm, bytes: Array(bytes.prefix(Int(length))))
  }
}
