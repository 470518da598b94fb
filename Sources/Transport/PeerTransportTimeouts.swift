public import Wire

/// How long a peer may take and be silent. All spans are counted by the instants passed in.
public struct PeerTransportTimeouts: Hashable, Sendable {
  /// From the creation of the peer to its first authenticated check.
  public var ice: MediaDuration
  /// From the first authenticated check to the end of the DTLS handshake.
  public var dtls: MediaDuration
  /// Without a check for this long the peer is disconnected. Browsers check a live path every
  /// 2.5 s (Chromium) or 5 s (Firefox); the value allows for lost ones.
  public var consent: MediaDuration
  /// A disconnected peer is kept for this further span: it may come back from another address, or
  /// restart ICE. Nothing is sent to it from `consentExpiry` after its last check on.
  public var peer: MediaDuration
  /// A path that had no check for this long gives way to another one that has, even when the check
  /// there does not carry USE-CANDIDATE.
  ///
  /// Shorter than the 4 s to 6 s between two checks of an agent that sends only those of RFC 7675
  /// section 5.1, so that its first one from a new address is followed.
  public var pathSilence: MediaDuration

  /// RFC 7675 section 5.1: no datagram but an answer leaves so long after the last check.
  public static let consentExpiry = MediaDuration.seconds(30)

  public init(
    ice: MediaDuration = .seconds(30), dtls: MediaDuration = .seconds(20),
    consent: MediaDuration = .seconds(10), peer: MediaDuration = .seconds(60),
    pathSilence: MediaDuration = .milliseconds(3500)
  ) {
    self.ice = ice
    self.dtls = dtls
    self.consent = consent
    self.peer = peer
    self.pathSilence = pathSilence
  }
}
