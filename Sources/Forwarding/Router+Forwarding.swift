public import Wire

/// A packet's way through the router.
extension Router {
  public enum ReceiveOutcome: Equatable, Sendable {
    /// - Parameter isFirst: of its publication, ever.
    case accepted(isFirst: Bool)
    case refused(Refusal)
  }

  /// Why a packet was not taken.
  public enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
    case unknownPublication
    case muted
    /// Not one of the publication's payload types.
    case unknownPayloadType
    /// From a source that the publication has left.
    case staleSource
    /// A jump of the sequence number that nothing has confirmed yet.
    case suspended
    case duplicate
    /// Older than the history remembers.
    case tooOld
    /// An RTX packet with nothing inside: a probe.
    case emptyRetransmission
    /// An RTX packet for something that we cannot place.
    case unplacedRetransmission
  }

  /// Takes a packet of a publication and appends what its viewers get.
  ///
  /// - Parameters:
  ///   - slot: holds the packet, decrypted; the router owns it from now on.
  ///   - packet: the header at the slot's start.
  ///   - handle: the publication that the packet's source or payload type belongs to.
  public func receive(
    _ slot: PacketSlot, _ packet: RTPPacket, of handle: PublicationHandle, now: MediaInstant,
    into out: inout ForwardedPackets
  ) -> ReceiveOutcome {
    guard let publication = publication(handle) else {
      arena.release(slot)
      return .refused(.unknownPublication)
    }
    guard let match = publication.pointee.payloads.match(packet.payloadType) else {
      arena.release(slot)
      return .refused(.unknownPayloadType)
    }
    let bytes = UnsafeRawBufferPointer(arena.buffer(slot))
    switch place(packet, match, bytes, publication, now) {
    case .failure(let refusal):
      arena.release(slot)
      return .refused(refusal)
    case .success(let placed):
      let media = publication.pointee.describe(
        packet, in: bytes, slot: slot, index: placed.index, payload: match.index,
        payloadOffset: placed.payloadOffset, payloadLength: placed.payloadLength, now: now)
      if media.flags.contains(.isRED) {
        recover(from: media, of: handle, publication, bytes, now, &out)
      }
      return take(media, of: handle, publication, bytes, match.isRetransmission, now, &out)
    }
  }

  private struct Place {
    var index: Int64
    var payloadOffset: Int
    var payloadLength: Int
  }

  private enum Placement {
    case success(Place)
    case failure(Refusal)
  }

  /// The index of a packet and where its payload lies.
  private func place(
    _ packet: RTPPacket, _ match: PayloadTable.Match, _ bytes: UnsafeRawBufferPointer,
    _ publication: UnsafeMutablePointer<Publication>, _ now: MediaInstant
  ) -> Placement {
    if match.isRetransmission {
      guard !publication.pointee.isMuted else {
        publication.pointee.counters.muted &+= 1
        return .failure(.muted)
      }
      guard
        let original = RetransmissionPayload.originalSequenceNumber(of: packet, in: bytes)
      else { return .failure(.emptyRetransmission) }
      guard let index = publication.pointee.statistics.index(of: original) else {
        return .failure(.unplacedRetransmission)
      }
      publication.pointee.counters.retransmissions &+= 1
      return .success(
        Place(
          index: index, payloadOffset: packet.headerLength &+ 2,
          payloadLength: packet.payloadLength &- 2))
    }
    guard publication.pointee.ssrc == packet.ssrc else { return .failure(.staleSource) }
    // The statistics go on while muted: they tell the sender of its path.
    let index: Int64
    switch publication.pointee.statistics.note(
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, arrival: now)
    {
    case .suspended: return .failure(.suspended)
    case .accepted(let accepted): index = accepted
    case .restarted(let restarted):
      index = restarted
      if publication.pointee.counters.packets > 0 { publication.pointee.counters.restarts &+= 1 }
      publication.pointee.history.removeAll()
      publication.pointee.interrupt(keepsClock: false)
    }
    guard !publication.pointee.isMuted else {
      publication.pointee.counters.muted &+= 1
      return .failure(.muted)
    }
    return .success(
      Place(
        index: index, payloadOffset: packet.headerLength, payloadLength: packet.payloadLength))
  }

  func take(
    _ media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, _ bytes: UnsafeRawBufferPointer,
    _ isRetransmission: Bool, _ now: MediaInstant, _ out: inout ForwardedPackets
  ) -> ReceiveOutcome {
    let isFirst = publication.pointee.counters.packets == 0
    if publication.pointee.subscribers.isEmpty {
      if !publication.pointee.keepForBeginning(media, maximumAge: limits.openingAge) {
        arena.release(media.slot)
      }
      count(media, publication, now)
      return .accepted(isFirst: isFirst)
    }
    if publication.pointee.settings.answersNACK {
      switch publication.pointee.nack.note(
        index: media.index, isRetransmission: isRetransmission, now: now)
      {
      case .repairable: break
      case .cut: publication.pointee.requestKeyframe(.brokenStream, now: now)
      case .narrow: publication.pointee.giveWay(until: now + limits.narrowPause)
      }
    }
    let hasPayload = media.payloadLength > 0
    switch publication.pointee.history.insert(media, holding: hasPayload) {
    case .duplicate:
      arena.release(media.slot)
      publication.pointee.counters.duplicates &+= 1
      return .refused(.duplicate)
    case .tooOld:
      arena.release(media.slot)
      return .refused(.tooOld)
    case .stored:
      if !hasPayload { arena.release(media.slot) }
    }
    count(media, publication, now)
    if hasPayload {
      forward(media, of: handle, publication, bytes, now, &out)
    } else {
      leaveOut(media, of: handle, publication, now, &out)
    }
    if arena.freeCount < limits.arenaReserve { publication.pointee.history.releaseOldest() }
    return .accepted(isFirst: isFirst)
  }

  private func count(
    _ media: MediaPacket, _ publication: UnsafeMutablePointer<Publication>, _ now: MediaInstant
  ) {
    publication.pointee.lastArrival = now
    publication.pointee.counters.packets &+= 1
    publication.pointee.counters.octets &+= UInt64(media.payloadLength)
    publication.pointee.counters.octetsByLayer[Int((media.vp8?.temporalID ?? 0) & 3)] &+= UInt64(
      media.payloadLength)
    publication.pointee.observation.note(media, isVideo: publication.pointee.isVideo, now: now)
    if media.flags.contains(.startsKeyframe), publication.pointee.isVideo {
      publication.pointee.counters.keyframes &+= 1
      if let size = media.vp8?.frameSize { publication.pointee.frameSize = size }
      publication.pointee.arbiter.keyframeArrived(now: now)
      publication.pointee.brokenUntil = nil
      publication.pointee.noteKeyframe(media, keepingFor: limits.openingAge)
    }
  }

  private func forward(
    _ media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, _ bytes: UnsafeRawBufferPointer,
    _ now: MediaInstant, _ out: inout ForwardedPackets
  ) {
    for i in 0..<publication.pointee.subscribers.count {
      let viewer = publication.pointee.subscribers[i]
      guard let subscription = subscription(viewer) else { continue }
      if subscription.pointee.publication != handle {
        guard takeUp(media, of: handle, publication, by: viewer, subscription, now) else {
          continue
        }
      }
      switch send(media, of: handle, publication, bytes, to: subscription, now, &out) {
      case .awaitsKeyframe:
        // Whoever waits is never forgotten, whatever became of earlier questions.
        if !publication.pointee.arbiter.isWaiting {
          publication.pointee.requestKeyframe(.freshViewer, now: now)
        }
      case .began:
        catchUp(subscription, after: media.index, of: handle, publication, now, &out)
      case .sent, .dropped: break
      }
    }
  }

  func send(
    _ media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, _ bytes: UnsafeRawBufferPointer,
    to subscription: UnsafeMutablePointer<Subscription>, _ now: MediaInstant,
    _ out: inout ForwardedPackets
  ) -> Subscription.Outcome {
    subscription.pointee.forward(
      media, of: handle, epoch: publication.pointee.epoch,
      clockEpoch: publication.pointee.clockEpoch, source: bytes, now: now, arena: arena,
      creditLimit: limits.retransmissionCredit, into: &out)
  }

  /// A viewer began with a packet that came late, the start of a keyframe: what follows it came
  /// before and waits in the history.
  func catchUp(
    _ subscription: UnsafeMutablePointer<Subscription>, after index: Int64,
    of handle: PublicationHandle, _ publication: UnsafeMutablePointer<Publication>,
    _ now: MediaInstant, _ out: inout ForwardedPackets
  ) {
    guard let newest = publication.pointee.history.newest, newest > index else { return }
    var next = index &+ 1
    while next <= newest {
      if let media = publication.pointee.history.packet(at: next) {
        let bytes = UnsafeRawBufferPointer(arena.buffer(media.slot))
        _ = send(media, of: handle, publication, bytes, to: subscription, now, &out)
      } else if let seen = publication.pointee.history.seen(at: next) {
        // Padding, or too old to be held.
        subscription.pointee.skip(
          seen, epoch: publication.pointee.epoch, of: handle, now: now, arena: arena, into: &out)
      }
      next &+= 1
    }
  }

  private func leaveOut(
    _ media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, _ now: MediaInstant,
    _ out: inout ForwardedPackets
  ) {
    let epoch = publication.pointee.epoch
    for i in 0..<publication.pointee.subscribers.count {
      guard let subscription = subscription(publication.pointee.subscribers[i]),
        subscription.pointee.publication == handle
      else { continue }
      subscription.pointee.skip(
        media, epoch: epoch, of: handle, now: now, arena: arena, into: &out)
    }
  }
}
