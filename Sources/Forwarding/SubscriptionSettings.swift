public import Wire

/// What the router must know of a subscription.
public struct SubscriptionSettings: Sendable {
  /// Whom it goes to, in the caller's own counting: comes back in `ForwardedPacket`.
  public var destination: Int32
  public var kind: MediaKind
  public var ssrc: SSRC
  /// `nil`: lost packets are not sent again by the router.
  public var rtxSSRC: SSRC?
  public var payloads: [PayloadBinding]
  /// The viewer's header extension ids.
  public var extensions: HeaderExtensionMap
  public var mid: MediaIdentificationTag?

  public init(
    destination: Int32, kind: MediaKind, ssrc: SSRC, rtxSSRC: SSRC?, payloads: [PayloadBinding],
    extensions: HeaderExtensionMap, mid: MediaIdentificationTag?
  ) {
    self.destination = destination
    self.kind = kind
    self.ssrc = ssrc
    self.rtxSSRC = rtxSSRC
    self.payloads = payloads
    self.extensions = extensions
    self.mid = mid
  }
}

public struct SubscriptionCounters: Hashable, Sendable {
  /// Retransmissions not counted, here as in the octets: what sender reports tell.
  public var packets: UInt64 = 0
  /// Of payload.
  public var octets: UInt64 = 0
  public var retransmissions: UInt64 = 0
  /// Packets that the viewer asked for again.
  public var nacked: UInt64 = 0
  /// Of those: not sent again, because they were never sent, are too old or were sent just now...
  public var unanswered: UInt64 = 0
  /// ...or because the viewer asks for more than it may.
  public var throttled: UInt64 = 0
  public var keyframeRequests: UInt64 = 0
  /// Dropped: no codec in common, no keyframe yet, too late, no free slot.
  public var unsupported: UInt64 = 0
  public var awaitingKeyframe: UInt64 = 0
  /// Left out, so that fewer frames go: higher temporal layers.
  public var thinned: UInt64 = 0
  public var late: UInt64 = 0
  public var starved: UInt64 = 0

  public init() {}
}
