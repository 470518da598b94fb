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
  /// A disconnected peer fails after this further span (RFC 7675 lets consent expire after 30 s).
  public var peer: MediaDuration
  /// A path that had no check for this long gives way to another one that has, even when the check
  /// there does not carry USE-CANDIDATE.
  public var pathSilence: MediaDuration

  public init(
    ice: MediaDuration = .seconds(30), dtls: MediaDuration = .seconds(20),
    consent: MediaDuration = .seconds(10), peer: MediaDuration = .seconds(30),
    pathSilence: MediaDuration = .seconds(4)
  ) {
    self.ice = ice
    self.dtls = dtls
    self.consent = consent
    self.peer = peer
    self.pathSilence = pathSilence
  }
}
