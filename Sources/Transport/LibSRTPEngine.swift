internal import CSRTP

/// The SRTP transform of libsrtp2: one context for what comes in, one for what goes out, both open
/// to any SSRC (RFC 5764 section 4.2 keys a session, not a stream).
final class LibSRTPEngine {
  /// Packets that may arrive late, and still be told from replayed ones (RFC 3711 section 3.3.2).
  static let window: UInt = 1024

  private let inbound: srtp_t
  private let outbound: srtp_t

  /// The library is initialised once in a process and never shut down.
  private static let isReady = srtp_init() == srtp_err_status_ok

  /// `nil` when the library fails, for lack of memory.
  init?(_ keys: SRTPKeyingMaterial) {
    guard Self.isReady,
      let inbound = Self.session(keys.profile, ssrc_any_inbound, keys.remote)
    else { return nil }
    guard let outbound = Self.session(keys.profile, ssrc_any_outbound, keys.local) else {
      srtp_dealloc(inbound)
      return nil
    }
    self.inbound = inbound
    self.outbound = outbound
  }

  deinit {
    srtp_dealloc(inbound)
    srtp_dealloc(outbound)
  }

  private static func session(
    _ profile: SRTPProfile, _ direction: srtp_ssrc_type_t, _ key: [UInt8]
  ) -> srtp_t? {
    var policy = srtp_policy_t()
    switch profile {
    case .aeadAES128GCM:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp)
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp)
    case .aeadAES256GCM:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp)
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp)
    case .aesCM128HMACSHA1_80:
      srtp_crypto_policy_set_rtp_default(&policy.rtp)
      srtp_crypto_policy_set_rtcp_default(&policy.rtcp)
    }
    policy.ssrc.type = direction
    policy.window_size = window
    // Sending an index twice is harmless in counter mode as long as the payload is the same; with
    // AEAD it would give the authentication key away (RFC 7714 section 8.4).
    policy.allow_repeat_tx = profile == .aesCM128HMACSHA1_80 ? 1 : 0
    var key = key
    var session: srtp_t?
    let status = key.withUnsafeMutableBufferPointer { bytes in
      policy.key = bytes.baseAddress
      return srtp_create(&session, &policy)
    }
    return status == srtp_err_status_ok ? session : nil
  }

  func protectRTP(_ packet: UnsafeMutableRawPointer, _ length: inout Int32) -> Bool {
    srtp_protect(outbound, packet, &length) == srtp_err_status_ok
  }

  func protectRTCP(_ packet: UnsafeMutableRawPointer, _ length: inout Int32) -> Bool {
    srtp_protect_rtcp(outbound, packet, &length) == srtp_err_status_ok
  }

  func unprotectRTP(_ packet: UnsafeMutableRawPointer, _ length: inout Int32) -> TransportRefusal? {
    Self.refusal(srtp_unprotect(inbound, packet, &length))
  }

  func unprotectRTCP(_ packet: UnsafeMutableRawPointer, _ length: inout Int32) -> TransportRefusal?
  {
    Self.refusal(srtp_unprotect_rtcp(inbound, packet, &length))
  }

  private static func refusal(_ status: srtp_err_status_t) -> TransportRefusal? {
    switch status {
    case srtp_err_status_ok: nil
    case srtp_err_status_replay_fail, srtp_err_status_replay_old: .srtpReplayed
    case srtp_err_status_bad_param, srtp_err_status_parse_err: .srtpMalformed
    default: .srtpUnauthenticated
    }
  }
}
