internal import Forwarding
internal import Transport
internal import Wire

/// Packets that come from a feed: of no peer, or of what hooks have made.
extension Worker {
  /// Sound of somebody who has no peer here.
  func addFed(
    _ feed: PacketFeed, as id: PublicationID, _ payloads: [PayloadBinding], _ now: MediaInstant
  ) {
    if let former = publications[id] { dropPublication(former) }
    let settings = PublicationSettings(
      kind: .audio, payloads: payloads, extensions: HeaderExtensionMap(), answersNACK: false,
      answersKeyframeRequests: false, muted: false)
    guard let handle = try? router.addPublication(settings) else {
      counters.count(.tableFull)
      return
    }
    let record = PublicationRecord(
      id: id, encodings: [Encoding(handle: handle, rid: nil, isActive: true)],
      peer: PublicationRecord.nobody,
      parameters: PublicationParameters(
        peer: PeerID(rawValue: 0), mid: "", kind: .audio, payloads: payloads,
        extensions: HeaderExtensionMap(), declaredSources: [], muted: false, feedback: []))
    // What came before it was a publication is for nobody: its speaker waited, or was on hold.
    feed.discard()
    record.feed = feed
    publications[id] = record
    publicationRecords[Int(handle.index)] = record
    fed.append(record)
    nextFeed = now
    for viewer in subscriptions.values where viewer.wanted == id { carry(viewer, now) }
  }

  func dropFeed(of record: PublicationRecord) {
    guard record.feed != nil else { return }
    record.feed = nil
    fed.removeAll { $0 === record }
    if fed.isEmpty { nextFeed = nil }
  }

  func takeIn(
    _ feed: PacketFeed, of record: PublicationRecord, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    guard let handle = record.encodings.first?.handle else { return }
    if takeIn(feed, to: handle, now, &out), !record.hasStarted {
      record.hasStarted = true
      events.append(.publicationStarted(record.id))
    }
    router.expireHistory(of: handle, now: now)
  }

  /// - Returns: whether any was taken.
  @discardableResult
  func takeIn(
    _ feed: PacketFeed, to handle: PublicationHandle, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) -> Bool {
    var isAnyTaken = false
    var budget = Rendition.batch
    while budget > 0 {
      guard let slot = arena.allocate() else {
        counters.count(.arenaExhausted)
        return isAnyTaken
      }
      guard let length = feed.take(into: arena.buffer(slot)) else {
        arena.release(slot)
        return isAnyTaken
      }
      budget &-= 1
      let bytes = UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length])
      guard let packet = RTPPacket(bytes) else {
        refuse(.rtpMalformed, slot)
        continue
      }
      if router.source(of: handle) != packet.ssrc {
        // Made of another source than before: its clock begins anew with the stream.
        router.setSource(handle, packet.ssrc, now: now)
      }
      let isTapped = isTapping && stage(bytes, of: handle, now)
      switch router.receive(slot, packet, of: handle, now: now, into: &forwarded) {
      case .accepted:
        isAnyTaken = true
        if isTapped { handOut(of: handle) }
      case .refused(let refusal): counters.count(forwarding: refusal)
      }
      sendForwarded(now, &out)
    }
    return isAnyTaken
  }
}
