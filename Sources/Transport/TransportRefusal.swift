/// Why a datagram was dropped. Every reason has a counter in the worker.
public enum TransportRefusal: UInt8, Hashable, Sendable, CaseIterable {
  /// Not one of the kinds of RFC 7983, or too short to tell.
  case unknownKind
  case stunMalformed
  /// No or wrong USERNAME or MESSAGE-INTEGRITY.
  case stunUnauthenticated
  /// Authenticated, but answered with an error: role conflict (487) or unknown comprehension-required
  /// attributes (420).
  case stunRejected
  /// A STUN response to nothing that we asked, or a method that is not Binding.
  case stunUnexpected
  /// DTLS from an address that no authenticated check came from.
  case dtlsUnverifiedPath
  /// DTLS after the peer failed or was closed, or a record that OpenSSL refused.
  case dtlsRefused
  /// Media before the end of the DTLS handshake, or after the end of the peer.
  case srtpNotReady
  case srtpMalformed
  case srtpUnauthenticated
  /// A packet index that was seen or is older than the window (RFC 3711 section 3.3.2).
  case srtpReplayed
  /// More SSRCs than a peer may have.
  case srtpTooManySources
}
