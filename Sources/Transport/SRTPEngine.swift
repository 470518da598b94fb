/// What turns plaintext into SRTP and back, behind `SRTPSession`.
public enum SRTPEngine: String, Hashable, Sendable, CaseIterable {
  /// Ours, on OpenSSL's ciphers.
  case openSSL = "openssl"
  case libSRTP = "libsrtp"

  /// Of sessions that do not ask for one.
  public static let `default` = SRTPEngine.libSRTP
}
