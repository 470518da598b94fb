public import MediaEngine
public import Transport
public import Wire

/// Where a negotiation gets what must be new. Production draws credentials from `SecretRandom` and
/// identifiers from counters of the process; tests count.
public protocol NegotiationIdentifiers: Sendable {
  func nextPeer() -> PeerID
  /// Asked only under `UnboundSections.publish`; elsewhere the caller names the publications.
  func nextPublication() -> PublicationID
  func nextSubscription() -> SubscriptionID
  /// Any value: collisions inside a peer connection are drawn again.
  func nextSSRC() -> SSRC
  /// Fresh for each peer connection and each ICE restart. The username fragment is unique on the
  /// worker: it is how the worker finds the peer of an unknown address.
  func nextCredentials() -> ICECredentials
}
