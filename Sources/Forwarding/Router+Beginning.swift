public import Wire

/// How a viewer begins: with what was sent a moment ago, so that it neither waits for the next packet
/// of a voice nor makes the publisher draw a keyframe that was drawn just now.
extension Router {
  /// What the subscription carries from now on; `nil` is silence. Sound begins with the last packet,
  /// video with the last keyframe and all that came after it, when that is recent; else with the next
  /// keyframe, which is asked for at once.
  public func bind(
    _ handle: SubscriptionHandle, to target: PublicationHandle?, now: MediaInstant,
    into out: inout ForwardedPackets
  ) throws(RouterError) {
    try attach(handle, to: target)
    begin(handle, now: now, into: &out)
  }

  /// The same for a viewer that cannot receive yet: nothing is sent before `begin`. A keyframe is
  /// asked for already, unless there is one that will still be recent then.
  public func announce(
    _ handle: SubscriptionHandle, to target: PublicationHandle?, now: MediaInstant
  ) throws(RouterError) {
    try attach(handle, to: target)
    guard let target, let publication = publication(target), !publication.pointee.isMuted,
      publication.pointee.opening(now: now, maximumAge: limits.openingAge / 2) == nil
    else { return }
    publication.pointee.requestKeyframe(.freshViewer, now: now)
  }

  /// The viewer can receive. Harmless for one that has begun.
  public func begin(
    _ handle: SubscriptionHandle, now: MediaInstant, into out: inout ForwardedPackets
  ) {
    guard let subscription = subscription(handle) else { return }
    subscription.pointee.isHeld = false
    guard !subscription.pointee.isPaused, let target = subscription.pointee.publication,
      let publication = publication(target),
      !publication.pointee.isMuted,
      !subscription.pointee.isInStep(with: publication.pointee.epoch)
    else { return }
    if let first = publication.pointee.opening(now: now, maximumAge: limits.openingAge) {
      let bytes = UnsafeRawBufferPointer(arena.buffer(first.slot))
      if case .began = send(first, of: target, publication, bytes, to: subscription, now, &out) {
        catchUp(subscription, after: first.index, of: target, publication, now, &out)
        return
      }
    }
    publication.pointee.requestKeyframe(.freshViewer, now: now)
  }

  /// Takes the place among the viewers of a publication, with nothing sent yet.
  private func attach(
    _ handle: SubscriptionHandle, to target: PublicationHandle?
  ) throws(RouterError) {
    guard let subscription = subscription(handle) else { throw .unknownSubscription }
    guard subscription.pointee.publication != target else { return }
    forgetPending(of: handle, subscription)
    guard let target else {
      detach(handle, from: subscription.pointee.publication)
      subscription.pointee.bind(to: nil, payloadMap: SIMD16(repeating: PayloadTable.none))
      return
    }
    guard let publication = publication(target) else { throw .unknownPublication }
    guard publication.pointee.settings.kind == subscription.pointee.settings.kind else {
      throw .kindMismatch
    }
    if publication.pointee.subscribers.isEmpty {
      // What is missing from when nobody looked is not missed; what a viewer begins with is whole.
      let newest = publication.pointee.history.newest
      publication.pointee.lastUnviewed = newest
      publication.pointee.nack.reset(at: publication.pointee.history.heldCount > 0 ? newest : nil)
    }
    guard publication.pointee.subscribers.append(handle) else { throw .full }
    refreshHistory(of: target)
    detach(handle, from: subscription.pointee.publication)
    subscription.pointee.bind(
      to: target,
      payloadMap: subscription.pointee.payloadMap(from: publication.pointee.payloads))
    subscription.pointee.isHeld = true
  }
}

extension Publication {
  /// With so many packets after it a keyframe is not worth repeating.
  static let longestOpening: Int64 = 192

  /// What a viewer may begin with now: the last packet of a sound, the first packet of the last
  /// keyframe. Still held by the history.
  func opening(now: MediaInstant, maximumAge: MediaDuration) -> MediaPacket? {
    guard let newest = history.newest else { return nil }
    guard isVideo else {
      // More than one would only fill the viewer's jitter buffer.
      guard let last = history.packet(at: newest), now - last.arrival <= Self.longestPacketTime
      else { return nil }
      return last
    }
    guard let keyframe, newest &- keyframe.index < Self.longestOpening,
      let first = history.packet(at: keyframe.index), first.flags.contains(.startsKeyframe),
      first.timestamp == keyframe.timestamp, now - first.arrival <= maximumAge
    else { return nil }
    if let lastUnviewed, lastUnviewed > keyframe.index {
      for index in keyframe.index..<min(newest, lastUnviewed)
      where history.seen(at: index) == nil { return nil }
    }
    return first
  }

  /// The packet time of Opus where there is no silence (RFC 7587 section 4.2), and some jitter.
  private static let longestPacketTime = MediaDuration.milliseconds(70)

  /// Where the newest keyframe begins. Of H.264 several packets may say that they begin it.
  mutating func noteKeyframe(_ packet: MediaPacket, keepingFor span: MediaDuration) {
    if let keyframe {
      if packet.timestamp == keyframe.timestamp {
        guard packet.index < keyframe.index else { return }
      } else if packet.index < keyframe.index {
        return
      }
    }
    keyframe = (packet.index, packet.timestamp, packet.arrival)
    history.keep(from: packet.index, until: packet.arrival + span)
  }

  /// Holds what the first viewer may begin with: the last packet of a sound, a recent keyframe and all
  /// since.
  /// - Returns: `false` when the packet is not held; its slot stays the caller's.
  mutating func keepForBeginning(_ packet: MediaPacket, maximumAge: MediaDuration) -> Bool {
    guard isVideo else { return history.keepLast(packet) }
    if packet.flags.contains(.startsKeyframe) { noteKeyframe(packet, keepingFor: maximumAge) }
    guard let keyframe, packet.index >= keyframe.index,
      packet.arrival - keyframe.arrival <= maximumAge
    else {
      if history.heldCount > 0 { history.removeAll() }
      return false
    }
    let hasPayload = packet.payloadLength > 0
    return history.insert(packet, holding: hasPayload) == .stored && hasPayload
  }
}
