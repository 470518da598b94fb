public import Wire

/// What changed at a `PeerTransport`, in order.
public enum PeerTransportEvent: Equatable, Sendable {
  /// The first authenticated check from this remote address: datagrams from there belong to this
  /// peer from now on, whatever other peer had the address before.
  case addressAdded(TransportAddress)
  /// The address is forgotten: others took its place in the bounded list, it was silent for too
  /// long, or the peer is over.
  case addressRemoved(TransportAddress)
  /// `PeerTransport.sendPath` of a connected peer is another one than before.
  case moved
  /// After an ICE restart the new credentials carry the media: the old local username fragment is not
  /// accepted any more. (Also when a second restart overtakes the first.)
  case credentialsRetired(usernameFragment: String)
  /// Media may flow.
  case connected(SRTPProfile)
  /// No authenticated check for `PeerTransportTimeouts.consent`.
  case disconnected
  /// Checks arrive again after `disconnected`.
  case recovered
  /// For good; the peer refuses everything from now on.
  case failed(PeerTransportFailure)
}

/// Why a peer is over.
public enum PeerTransportFailure: String, Hashable, Sendable, CaseIterable {
  /// No authenticated check in time.
  case iceTimeout
  /// The DTLS handshake did not end in time.
  case dtlsTimeout
  /// The DTLS handshake failed, or no SRTP profile is common.
  case dtlsError
  /// The certificate of the peer matches no fingerprint that signaling gave (RFC 8122 section 5).
  case fingerprintMismatch
  /// Silent for `PeerTransportTimeouts.consent` and then `PeerTransportTimeouts.peer`.
  case consentExpired
  /// The peer closed DTLS (close_notify).
  case closedByPeer
}
