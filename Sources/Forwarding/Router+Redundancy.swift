internal import Wire

/// RED (RFC 2198): sound that comes once more inside the packets after it.
extension Router {
  /// Whether a viewer that negotiated RED gets it, or plain Opus at half the rate.
  public func setRedundancy(_ isOn: Bool, of handle: SubscriptionHandle) {
    guard let subscription = subscription(handle), subscription.pointee.wantsRED != isOn else {
      return
    }
    subscription.pointee.wantsRED = isOn
    guard let source = subscription.pointee.publication, let publication = publication(source)
    else { return }
    subscription.pointee.payloadMap = subscription.pointee.payloadMap(
      from: publication.pointee.payloads)
  }

  /// Packets that were lost on the way in and are found inside this one go on as if they had come:
  /// plain Opus under their own numbers, before this one. When one comes late after all, it is a
  /// duplicate.
  func recover(
    from media: MediaPacket, of handle: PublicationHandle,
    _ publication: UnsafeMutablePointer<Publication>, _ bytes: UnsafeRawBufferPointer,
    _ now: MediaInstant, _ out: inout ForwardedPackets
  ) {
    guard !publication.pointee.subscribers.isEmpty,
      publication.pointee.history.seen(at: media.index &- 1) == nil
    else { return }
    let start = Int(media.payloadOffset)
    let payload = bytes.slice(start..<(start &+ Int(media.payloadLength)))
    guard let red = REDPayload(payload), red.redundantCount > 0,
      let gap = publication.pointee.gap(before: media)
    else { return }
    for i in 0..<red.redundantCount {
      guard let block = red.redundantBlock(i, in: payload), !block.range.isEmpty,
        let distance = gap.distance(block.timestampOffset), let slot = arena.allocate()
      else { continue }
      let buffer = arena.buffer(slot)
      buffer.setBytes(payload.slice(block.range), at: 0)
      let found = MediaPacket(
        slot: slot, index: media.index &- distance, arrival: now,
        timestamp: media.timestamp &- UInt32(block.timestampOffset), payloadOffset: 0,
        payloadLength: UInt16(truncatingIfNeeded: block.range.count),
        payload: publication.pointee.payloads.opus, flags: .startsKeyframe, audioLevel: 127,
        vp8: nil)
      if case .accepted = take(
        found, of: handle, publication, UnsafeRawBufferPointer(buffer), false, now, &out)
      {
        publication.pointee.counters.foundInLater &+= 1
      }
    }
  }
}

extension Publication {
  /// Missing packets between two that came, equally long by their timestamps: else it could not be
  /// told which of them a redundant block is.
  struct Gap {
    /// From the packet before to the one behind: one more than are missing.
    var packets: Int64
    /// Of a packet, in ticks.
    var duration: UInt32

    /// How many packets before the one behind; `nil` when it is none of those missing.
    func distance(_ timestampOffset: UInt16) -> Int64? {
      let (distance, rest) = UInt32(timestampOffset).quotientAndRemainder(dividingBy: duration)
      guard rest == 0, distance > 0, Int64(distance) < packets else { return nil }
      return Int64(distance)
    }
  }

  func gap(before media: MediaPacket) -> Gap? {
    for packets in 2...Int64(REDPayload.maximumRedundantBlocks &+ 1) {
      guard let before = history.seen(at: media.index &- packets) else { continue }
      let ticks = media.timestamp &- before.timestamp
      let count = UInt32(truncatingIfNeeded: packets)
      guard ticks >= count, ticks % count == 0 else { return nil }
      return Gap(packets: packets, duration: ticks / count)
    }
    return nil
  }
}
