/// A publication in a `Router`. Never valid again after the publication was removed.
public struct PublicationHandle: Hashable, Sendable {
  /// 0..<`RouterLimits.publications`; used again after removal, with another generation.
  public let index: Int32
  let generation: UInt32
}

/// A subscription in a `Router`. Never valid again after the subscription was removed.
public struct SubscriptionHandle: Hashable, Sendable {
  /// 0..<`RouterLimits.subscriptions`; used again after removal, with another generation.
  public let index: Int32
  let generation: UInt32
}
