/// What all DTLS associations share: the certificate and the rules (OpenSSL's `SSL_CTX`). Set up
/// once, then only read, so workers on several threads may share it.
public final class DTLSContext: Sendable {
  public let certificate: DTLSCertificate

  public init(certificate: DTLSCertificate) throws(DTLSError) {
    self.certificate = certificate
  }
}
