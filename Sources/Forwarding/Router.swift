public import Wire

/// Who gets which packet, rewritten how: the publications and subscriptions of one worker.
///
/// Confined to one thread. Packets that are to be sent are appended to an `inout` list; nothing
/// calls back. The arena outlives the router.
public final class Router {
  public let limits: RouterLimits
  let arena: PacketArena
  var publications: HandleTable<Publication>
  var subscriptions: HandleTable<Subscription>
  var random: SeededRandom

  public init(limits: RouterLimits, arena: PacketArena, seed: UInt64) {
    self.limits = limits
    self.arena = arena
    publications = HandleTable(capacity: limits.publications)
    subscriptions = HandleTable(capacity: limits.subscriptions)
    random = SeededRandom(seed: seed)
  }

  public var publicationCount: Int { publications.count }
  public var subscriptionCount: Int { subscriptions.count }

  func publication(_ handle: PublicationHandle) -> UnsafeMutablePointer<Publication>? {
    publications.pointer(handle.index, handle.generation)
  }

  func subscription(_ handle: SubscriptionHandle) -> UnsafeMutablePointer<Subscription>? {
    subscriptions.pointer(handle.index, handle.generation)
  }

  // MARK: Publications

  public func addPublication(
    _ settings: PublicationSettings
  ) throws(RouterError) -> PublicationHandle {
    guard
      let place = publications.insert(Publication(settings, limits: limits, arena: arena))
    else { throw .full }
    return PublicationHandle(index: place.index, generation: place.generation)
  }

  /// Its subscriptions fall silent.
  public func removePublication(_ handle: PublicationHandle) {
    guard let publication = publication(handle) else { return }
    for i in 0..<publication.pointee.subscribers.count {
      let viewer = publication.pointee.subscribers[i]
      guard let subscription = subscription(viewer) else { continue }
      if subscription.pointee.pending == handle {
        subscription.pointee.pending = nil
      } else {
        forgetPending(of: viewer, subscription)
        subscription.pointee.bind(
          to: nil, payloadMap: SIMD16(repeating: PayloadTable.none))
      }
    }
    _ = publications.remove(handle.index, handle.generation)
  }

  /// Muting forgets the history too: nothing of the publication is sent from this moment on.
  public func setMuted(_ handle: PublicationHandle, _ muted: Bool, now: MediaInstant) {
    guard let publication = publication(handle), publication.pointee.isMuted != muted else {
      return
    }
    publication.pointee.isMuted = muted
    if muted {
      publication.pointee.history.removeAll()
      publication.pointee.arbiter.cancel()
      publication.pointee.interrupt(keepsClock: true)
    } else if !publication.pointee.subscribers.isEmpty {
      publication.pointee.requestKeyframe(.freshViewer, now: now)
    }
  }

  /// The source whose packets the publication takes from now on; another one than before begins a
  /// new stream.
  public func setSource(_ handle: PublicationHandle, _ ssrc: SSRC, now: MediaInstant) {
    guard let publication = publication(handle), publication.pointee.ssrc != ssrc else { return }
    let isRestart = publication.pointee.ssrc != nil && publication.pointee.statistics.highest != nil
    publication.pointee.ssrc = ssrc
    publication.pointee.statistics.restart()
    guard isRestart else { return }
    publication.pointee.history.removeAll()
    if !publication.pointee.subscribers.isEmpty {
      publication.pointee.requestKeyframe(.brokenStream, now: now)
    }
  }

  public func source(of handle: PublicationHandle) -> SSRC? { publication(handle)?.pointee.ssrc }

  // MARK: Subscriptions

  /// - Parameter position: where a former subscription of the same SSRCs ended. Without it numbers
  ///   begin anew, which a viewer that knows these SSRCs would take for a replay.
  public func addSubscription(
    _ settings: SubscriptionSettings, continuing position: StreamPosition?
  ) throws(RouterError) -> SubscriptionHandle {
    let new = Subscription(settings, continuing: position, limits: limits, random: &random)
    guard let place = subscriptions.insert(new) else { throw .full }
    let handle = SubscriptionHandle(index: place.index, generation: place.generation)
    subscription(handle)?.pointee.identify(as: handle)
    return handle
  }

  /// Other payload types, extensions or destination of the same stream: its numbers go on.
  public func reconfigure(
    _ handle: SubscriptionHandle, _ settings: SubscriptionSettings
  ) throws(RouterError) {
    guard let subscription = subscription(handle) else { throw .unknownSubscription }
    guard subscription.pointee.settings.kind == settings.kind else { throw .kindMismatch }
    subscription.pointee.reconfigure(settings)
    if let source = subscription.pointee.publication { refreshHistory(of: source) }
    if let source = subscription.pointee.publication, let publication = publication(source) {
      subscription.pointee.payloadMap = subscription.pointee.payloadMap(
        from: publication.pointee.payloads)
    }
  }

  /// - Returns: where its streams ended.
  @discardableResult
  public func removeSubscription(_ handle: SubscriptionHandle) -> StreamPosition? {
    guard let subscription = subscription(handle) else { return nil }
    let position = subscription.pointee.position
    forgetPending(of: handle, subscription)
    detach(handle, from: subscription.pointee.publication)
    _ = subscriptions.remove(handle.index, handle.generation)
    return position
  }

  /// Calls `body` with each subscription that carries the publication, and where it goes.
  public func forEachSubscriber(
    of handle: PublicationHandle, _ body: (SubscriptionHandle, Int32) -> Void
  ) {
    guard let publication = publication(handle) else { return }
    for i in 0..<publication.pointee.subscribers.count {
      let viewer = publication.pointee.subscribers[i]
      if let destination = subscription(viewer)?.pointee.settings.destination {
        body(viewer, destination)
      }
    }
  }

  func detach(_ handle: SubscriptionHandle, from publication: PublicationHandle?) {
    guard let publication, let source = self.publication(publication) else { return }
    source.pointee.subscribers.remove(handle)
    refreshHistory(of: publication)
    if source.pointee.subscribers.isEmpty {
      source.pointee.arbiter.cancel()
      source.pointee.history.removeAll()
    }
  }
}
