internal import CPrefetch

/// Hints to the processor's caches about packets that come soon. They change nothing; each step reads
/// what the step before asked for.
extension Router {
  /// The memory of a publication.
  public func prefetch(_ handle: PublicationHandle) {
    publications.prefetch(handle.index)
  }

  /// What a publication points to. The step after `prefetch(_:)`.
  public func prefetchParts(of handle: PublicationHandle) {
    guard let publication = publication(handle) else { return }
    publication.pointee.subscribers.prefetch()
    publication.pointee.history.prefetchNext()
  }

  /// The memory of the first subscription of a publication. The step after `prefetchParts(of:)`.
  /// - Returns: which it is.
  public func prefetchFirstSubscriber(of handle: PublicationHandle) -> SubscriptionHandle? {
    guard let publication = publication(handle), !publication.pointee.subscribers.isEmpty else {
      return nil
    }
    let first = publication.pointee.subscribers[0]
    subscriptions.prefetch(first.index)
    return first
  }

  /// What a subscription points to. The step after `prefetchFirstSubscriber(of:)`.
  /// - Returns: where it goes.
  public func prefetchParts(of handle: SubscriptionHandle) -> Int32? {
    guard let subscription = subscription(handle) else { return nil }
    subscription.pointee.prefetchNext()
    return subscription.pointee.settings.destination
  }
}

extension HandleTable where Element: ~Copyable {
  func prefetch(_ index: Int32) {
    guard let start = place(of: index) else { return }
    for offset in stride(from: 0, to: MemoryLayout<Element>.size, by: 64) {
      CPrefetch.prefetch(start + offset)
    }
  }
}

extension PacketHistory {
  func prefetchNext() {
    guard let newest else { return }
    let next = placeOfEntry(newest &+ 1)
    CPrefetch.prefetch(next)
    CPrefetch.prefetch(next + 64)
  }
}

extension Subscription {
  func prefetchNext() {
    rewriter.prefetch()
    if let next = sent.placeOfRecord(rewriter.lastSequence &+ 1) {
      CPrefetch.prefetch(next)
      CPrefetch.prefetch(next + 64)
    }
  }
}
