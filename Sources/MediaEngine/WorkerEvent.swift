public import Congestion
public import Transport

/// What a worker tells signaling. Lifecycle events are never dropped; statistics may be.
public enum WorkerEvent: Sendable {
  /// ICE and DTLS are done, media may flow.
  case peerConnected(PeerID, SRTPProfile)
  /// No authenticated check for a while (RFC 7675), the peer is kept: it may come back from
  /// another address.
  case peerDisconnected(PeerID)
  /// Checks arrive again after `peerDisconnected`.
  case peerRecovered(PeerID)
  /// For good; the worker has already dropped the peer with all that belongs to it.
  case peerFailed(PeerID, PeerFailure)
  /// First packet of a publication.
  case publicationStarted(PublicationID)
  /// First packet sent on a subscription (video: the first keyframe).
  case subscriptionStarted(SubscriptionID)
  /// The path to the viewer carries less or more than before: what is sent of the subscription from now
  /// on. Sound is never given up.
  case subscriptionAdapted(SubscriptionID, LadderStep, LadderReason)
  /// Of a simulcast publication: the encodings that somebody gets; the others are of no use. Before the
  /// first such event that is the last of them alone.
  case encodingsNeeded(PublicationID, [String])
  /// What the encoder of a track of sound should produce for the sake of the path to this viewer.
  case soundLimited(SubscriptionID, SoundRate)
  /// Of a publication with one encoding: whether a smaller picture of it is of use, since the path of one
  /// viewer carries less than it sends while that of another does. Told again while it does not come.
  case renditionNeeded(PublicationID, Bool)
  case statistics(WorkerStatistics)

  public var isLifecycle: Bool {
    if case .statistics = self { false } else { true }
  }
}

public enum PeerFailure: String, Sendable {
  /// No check arrived in the time allowed after `addPeer`.
  case iceTimeout
  /// DTLS did not finish in time.
  case dtlsTimeout
  case dtlsError
  /// The certificate matches no fingerprint of the offer.
  case fingerprintMismatch
  /// Silent for longer than `WorkerConfiguration.peerTimeout` after `peerDisconnected`.
  case consentExpired
  /// The peer closed DTLS (close_notify).
  case closedByPeer
  /// A table of the worker is full.
  case overload
}
