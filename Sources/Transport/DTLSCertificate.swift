internal import COpenSSL

/// The certificate that all peers of this process see, with its private key (RFC 8827 section 6.5):
/// ECDSA on P-256, self-signed, thrown away when the process ends.
public final class DTLSCertificate: Sendable {
  /// Signed by itself; valid from a day ago (clocks differ) for 30 days more.
  public static let validDays = 30

  public let fingerprint: CertificateFingerprint

  private init(fingerprint: CertificateFingerprint) {
    self.fingerprint = fingerprint
  }

  public static func generate() throws(DTLSError) -> DTLSCertificate {
    throw DTLSError(operation: "generate", reason: "not yet")
  }
}
