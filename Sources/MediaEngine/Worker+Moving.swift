internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// Peers that come from another address than before: a NAT that forgot, Wi-Fi to mobile data.
extension Worker {
  /// A peer that was not heard for longer than this when it moved has lost pictures.
  static let seamlessMove = MediaDuration.milliseconds(250)

  /// Media from an address that nobody is known at. It is taken when a peer is known to send from its
  /// SSRC and its keys say that it is from there; the peer is then asked whether it is at this address.
  func receiveStray(
    _ slot: PacketSlot, _ length: Int, _ isRTCP: Bool, _ path: NetworkPath, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    let buffer = arena.buffer(slot)
    // SSRCs of RTCP say less: those who only view have none of their own.
    guard !isRTCP, path.remote.transport == .udp, length >= 12, movers.mayLook(now: now),
      let place = owner(of: SSRC(UnsafeRawBufferPointer(buffer).networkUInt32(at: 8))),
      let media = media.pointer(at: place), let peer = peer(at: place),
      case .packet(let length) = media.pointee.transport.unprotectRTP(buffer, length: length)
    else {
      refuse(.mediaUnknownAddress, slot)
      return
    }
    counters.strayPackets &+= 1
    look(at: path, of: peer, now, &out)
    receiveRTP(slot, length, place, media, now, &out)
  }

  /// Media of the peer came by a path that is not the one that we send by.
  func look(
    at path: NetworkPath, of peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch
  ) {
    if peer.transport.noteMedia(by: path, now: now, arena: arena, into: &out) {
      movers.note(path.remote, of: peer.place)
    }
    if peer.transport.hasEvents { followTransport(peer, now, &out) }
  }

  private func owner(of ssrc: SSRC) -> Int32? {
    for place in 0..<Int32(truncatingIfNeeded: peers.count) {
      if let media = media.pointer(at: place), media.pointee.transport.isConnected,
        media.pointee.sources.publication(of: ssrc) != nil
      {
        return place
      }
    }
    return nil
  }

  /// We send by another path from now on: it may carry more or less than the one before, and what was
  /// sent by that one meanwhile is lost.
  func pathMoved(_ peer: Peer, _ now: MediaInstant) {
    counters.pathChanges &+= 1
    guard let downlink = peer.media.pointee.downlink else { return }
    if let change = downlink.pointee.pathChanged(to: peer.transport.sendPath, now: now) {
      take(change, peer, downlink, now)
    }
    guard let heard = peer.lastHeard, now - heard >= Self.seamlessMove else { return }
    for record in peer.subscriptions where record.parameters.kind == .video {
      withdraw(record.handle, of: peer.place)
      router.interrupt(record.handle, now: now)
      hastenPublisher(of: record)
    }
  }
}
