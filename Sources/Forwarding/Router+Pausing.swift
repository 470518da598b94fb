public import Wire

/// When a viewer's path does not carry what there is.
extension Router {
  /// Sends nothing more on a subscription, retransmissions neither, until `resume`. The numbers of
  /// its stream do not go on meanwhile.
  public func pause(_ handle: SubscriptionHandle) {
    subscription(handle)?.pointee.interrupt(isPaused: true)
  }

  /// Goes on with the next keyframe, which is asked for.
  public func resume(_ handle: SubscriptionHandle, now: MediaInstant) {
    restart(handle, .freshViewer, now)
  }

  /// Packets of the subscription were dropped on their way out: what depends on them is of no use. Goes
  /// on with the next keyframe, which is asked for as a viewer would.
  public func interrupt(_ handle: SubscriptionHandle, now: MediaInstant) {
    guard subscription(handle)?.pointee.isPaused == false else { return }
    restart(handle, .viewerFeedback, now)
  }

  private func restart(
    _ handle: SubscriptionHandle, _ reason: KeyframeArbiter.Reason, _ now: MediaInstant
  ) {
    guard let subscription = subscription(handle) else { return }
    subscription.pointee.interrupt(isPaused: false)
    guard !subscription.pointee.isHeld, let source = subscription.pointee.publication,
      let publication = publication(source), !publication.pointee.isMuted
    else { return }
    publication.pointee.requestKeyframe(reason, now: now)
    if let pending = subscription.pointee.pending, isLive(pending, now: now) {
      self.publication(pending)?.pointee.requestKeyframe(reason, now: now)
    }
  }

  /// Appends a packet of padding, to try how much a path carries.
  /// - Returns: `false` when the subscription has no RTX stream, nothing was sent on it yet, or no slot
  ///   is free.
  public func pad(_ handle: SubscriptionHandle, into out: inout ForwardedPackets) -> Bool {
    subscription(handle)?.pointee.pad(arena: arena, into: &out) ?? false
  }
}
