/// What turns plaintext into SRTP and back, behind `SRTPSession`.
public enum SRTPEngine: String, Hashable, Sendable, CaseIterable {
  /// Ours, on OpenSSL's ciphers.
  case openSSL = "openssl"
  /// libsrtp2, as the system has it.
  case libSRTP = "libsrtp2"

  /// Of sessions that do not ask for one.
  public static let `default` = SRTPEngine.openSSL
}
