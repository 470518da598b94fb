public import Wire

/// How much of a picture a viewer gets: which of its encodings, and which of their frames.
extension Router {
  /// Every temporal layer.
  public static let allTemporalLayers: UInt8 = TemporalLayers.all

  /// Sends the frames of the temporal layers up to this one (0...3) from the next frame on; higher ones
  /// again as soon as a decoder can follow. Without effect on what has no temporal layers.
  public func setTemporalLayers(upTo layer: UInt8, of handle: SubscriptionHandle) {
    subscription(handle)?.pointee.temporal.wanted = min(layer, TemporalLayers.all)
  }

  /// Goes over to another encoding of the picture that is carried, at its next keyframe; until then what
  /// runs goes on. The wish before is forgotten. A paused subscription goes over at once.
  ///
  /// The stream to the viewer stays one: sequence numbers and picture ids go on with the next, the clock
  /// by the publisher's sender reports where they are known.
  /// - Parameter atOnce: what runs is given up now, and not sent again: until the keyframe there is nothing.
  /// - Returns: `false` when the subscription carries nothing, or there is no room.
  @discardableResult
  public func takeOver(
    _ handle: SubscriptionHandle, to encoding: PublicationHandle, atOnce: Bool = false,
    now: MediaInstant
  ) -> Bool {
    guard let subscription = subscription(handle), let current = subscription.pointee.publication
    else { return false }
    guard encoding != current else {
      forgetPending(of: handle, subscription)
      return true
    }
    guard atOnce || encoding != subscription.pointee.pending else { return true }
    forgetPending(of: handle, subscription)
    guard let publication = publication(encoding) else { return false }
    if publication.pointee.subscribers.isEmpty {
      // What is missing from when nobody looked is not missed.
      publication.pointee.nack.reset(
        at: publication.pointee.history.heldCount > 0 ? publication.pointee.history.newest : nil)
    }
    guard publication.pointee.subscribers.append(handle) else { return false }
    subscription.pointee.pending = encoding
    let isPaused = subscription.pointee.isPaused
    if isPaused || atOnce {
      subscription.pointee.interrupt(isPaused: isPaused)
      subscription.pointee.takePending(alignment: nil)
      detach(handle, from: current)
      refreshHistory(of: encoding)
    }
    // One that is silent begins with a keyframe by itself.
    if !isPaused, isLive(encoding, now: now), !publication.pointee.isMuted {
      publication.pointee.requestKeyframe(.freshViewer, now: now)
    }
    return true
  }

  /// What `takeOver` waits for.
  public func pending(of handle: SubscriptionHandle) -> PublicationHandle? {
    subscription(handle)?.pointee.pending
  }

  /// A stream that is silent for so long has been stopped by its encoder.
  public static let longestSilence = MediaDuration.milliseconds(700)

  /// Whether packets came of late.
  public func isLive(_ handle: PublicationHandle, now: MediaInstant) -> Bool {
    guard let last = publication(handle)?.pointee.lastArrival else { return false }
    return now - last < Self.longestSilence
  }

  /// A packet of an encoding that a viewer waits for.
  /// - Returns: whether the viewer goes on with it.
  func takeUp(
    _ media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, by viewer: SubscriptionHandle,
    _ subscription: UnsafeMutablePointer<Subscription>, _ now: MediaInstant
  ) -> Bool {
    guard subscription.pointee.awaits(handle) else { return false }
    guard media.flags.contains(.startsKeyframe) else {
      if !publication.pointee.arbiter.isWaiting {
        publication.pointee.requestKeyframe(.freshViewer, now: now)
      }
      return false
    }
    let former = subscription.pointee.publication
    var offset: UInt32?
    if let former, let before = self.publication(former) {
      offset = alignment(from: before, to: publication, subscription)
    }
    subscription.pointee.takePending(alignment: offset)
    detach(viewer, from: former)
    refreshHistory(of: handle)
    return true
  }

  /// What must be added to the timestamps of one encoding so that they continue those of another as they
  /// are sent: both tell their time by the publisher's wall clock.
  private func alignment(
    from former: UnsafeMutablePointer<Publication>, to next: UnsafeMutablePointer<Publication>,
    _ subscription: UnsafeMutablePointer<Subscription>
  ) -> UInt32? {
    guard let before = former.pointee.report, let after = next.pointee.report else { return nil }
    let same = before.timestamp(at: after.ntp, clockRate: next.pointee.clockRate)
    return same &- after.timestamp &+ subscription.pointee.rewriter.timestampOffset
  }

  /// The viewer waits for no other encoding any more.
  func forgetPending(
    of handle: SubscriptionHandle, _ subscription: UnsafeMutablePointer<Subscription>
  ) {
    guard let pending = subscription.pointee.pending else { return }
    subscription.pointee.pending = nil
    detach(handle, from: pending)
  }
}
