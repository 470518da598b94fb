/// An SRTP protection profile (RFC 5764 section 4.1.2, RFC 7714 section 14.2). The raw value is
/// the name in the IANA registry, without the `SRTP_` that half of them carry.
public enum SRTPProfile: String, Hashable, Sendable, CaseIterable {
  case aeadAES128GCM = "AEAD_AES_128_GCM"
  case aeadAES256GCM = "AEAD_AES_256_GCM"
  case aesCM128HMACSHA1_80 = "AES_CM_128_HMAC_SHA1_80"

  /// Octets of the master key.
  public var keyLength: Int {
    switch self {
    case .aeadAES128GCM, .aesCM128HMACSHA1_80: 16
    case .aeadAES256GCM: 32
    }
  }

  /// Octets of the master salt.
  public var saltLength: Int {
    switch self {
    case .aeadAES128GCM, .aeadAES256GCM: 12
    case .aesCM128HMACSHA1_80: 14
    }
  }

  /// Octets that protection adds to an RTP packet.
  public var rtpOverhead: Int {
    switch self {
    case .aeadAES128GCM, .aeadAES256GCM: 16
    case .aesCM128HMACSHA1_80: 10
    }
  }

  /// Octets that protection adds to an RTCP packet: the tag, the index and the E flag.
  public var rtcpOverhead: Int { rtpOverhead + 4 }
}
