internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// From a datagram to its peer, and from a packet to its publication.
extension Worker {
  // MARK: STUN

  /// A check goes to the peer whose fragment it names, wherever it comes from; what names none goes
  /// to the peer of its address. Nothing else makes an unknown address heard.
  func receiveSTUN(
    _ slot: PacketSlot, _ length: Int, _ path: NetworkPath, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    let bytes = UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length])
    guard let message = STUNMessage(bytes) else {
      refuse(.stunMalformed, slot)
      return
    }
    guard let peer = peer(of: message, from: path.remote) else {
      refuse(.stunUnknownPeer, slot)
      return
    }
    let received = peer.transport.receive(
      slot, length: length, path: path, now: now, arena: arena, into: &out)
    arena.release(slot)
    if case .refused(let refusal) = received { counters.count(transport: refusal) }
    followTransport(peer, now, &out)
  }

  private func peer(of message: STUNMessage, from address: TransportAddress) -> Peer? {
    guard let username = message.username else {
      return (table.peer(at: address) ?? movers.peer(at: address)).flatMap { self.peer(at: $0) }
    }
    guard let colon = username.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    return table.peer(named: username.slice(0..<colon)).flatMap { self.peer(at: $0) }
  }

  // MARK: DTLS

  /// Puts a handshake datagram off to the end of the turn.
  func deferDTLS(_ slot: PacketSlot, _ length: Int, _ path: NetworkPath, _ now: MediaInstant) {
    guard let place = table.peer(at: path.remote), let peer = peer(at: place) else {
      refuse(.dtlsUnknownAddress, slot)
      return
    }
    guard peer.pendingHandshakes < configuration.handshakesPerPeer else {
      refuse(.handshakePeerOverflow, slot)
      return
    }
    let entry = HandshakeQueue.Entry(
      slot: slot, length: Int32(truncatingIfNeeded: length), peer: place, id: peer.id, path: path)
    guard handshakes.append(entry) else {
      refuse(.handshakeOverflow, slot)
      return
    }
    peer.pendingHandshakes &+= 1
    if deferredSince == nil { deferredSince = now }
  }

  func serveHandshakes(_ now: MediaInstant, _ out: inout OutboundBatch) {
    var budget = configuration.handshakesPerTurn
    while budget > 0, let entry = handshakes.popFirst() {
      guard let peer = peer(at: entry.peer), peer.id == entry.id else {
        refuse(.handshakeStale, entry.slot)
        continue
      }
      budget &-= 1
      peer.pendingHandshakes &-= 1
      counters.handshakeDatagrams &+= 1
      let received = peer.transport.receive(
        entry.slot, length: Int(entry.length), path: entry.path, now: now, arena: arena, into: &out)
      arena.release(entry.slot)
      if case .refused(let refusal) = received { counters.count(transport: refusal) }
      followTransport(peer, now, &out)
    }
    deferredSince = handshakes.count > 0 ? now : nil
  }

  // MARK: Media

  func receiveMedia(
    _ slot: PacketSlot, _ length: Int, _ isRTCP: Bool, _ path: NetworkPath, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    guard let place = table.peer(at: path.remote), let media = media.pointer(at: place) else {
      receiveStray(slot, length, isRTCP, path, now, &out)
      return
    }
    let buffer = arena.buffer(slot)
    guard !isRTCP else {
      switch media.pointee.transport.unprotectRTCP(buffer, length: length) {
      case .packet(let length):
        counters.rtcpReceived &+= 1
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
        if let peer = peer(at: place) {
          if media.pointee.transport.isNews(path) { look(at: path, of: peer, now, &out) }
          receiveRTCP(bytes, peer, now, &out)
        }
      case .refused(let refusal): counters.count(transport: refusal)
      }
      arena.release(slot)
      return
    }
    switch media.pointee.transport.unprotectRTP(buffer, length: length) {
    case .packet(let length):
      if media.pointee.transport.isNews(path), let peer = peer(at: place) {
        look(at: path, of: peer, now, &out)
      }
      receiveRTP(slot, length, place, media, now, &out)
    case .refused(let refusal):
      counters.count(transport: refusal)
      arena.release(slot)
    }
  }

  func receiveRTP(
    _ slot: PacketSlot, _ length: Int, _ place: Int32, _ media: UnsafeMutablePointer<PeerMedia>,
    _ now: MediaInstant, _ out: inout OutboundBatch
  ) {
    counters.rtpReceived &+= 1
    let bytes = UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length])
    guard let packet = RTPPacket(bytes) else {
      refuse(.rtpMalformed, slot)
      return
    }
    noteArrival(packet, bytes, place, media, now)
    guard let publication = publication(of: packet, bytes, place, media, now) else {
      arena.release(slot)
      return
    }
    let isTapped = isTapping && stage(bytes, of: publication, now)
    switch router.receive(slot, packet, of: publication, now: now, into: &forwarded) {
    case .accepted(let isFirst):
      if isTapped { handOut(of: publication) }
      if isFirst, let record = publicationRecords[Int(publication.index)], !record.hasStarted {
        record.hasStarted = true
        events.append(.publicationStarted(record.id))
        self.peer(at: record.peer)?.transport.noteMedia()
      }
    case .refused(let refusal):
      counters.count(forwarding: refusal)
      if refusal == .staleSource, let peer = peer(at: place) {
        reconsiderSource(packet.ssrc, publication, peer, now)
      }
    }
    timers.hasten(Int(place), router.nextDeadline(of: publication))
    sendForwarded(now, &out)
  }

  /// Every packet that carries a transport-wide number counts, whatever becomes of it.
  private func noteArrival(
    _ packet: RTPPacket, _ bytes: UnsafeRawBufferPointer, _ place: Int32,
    _ media: UnsafeMutablePointer<PeerMedia>, _ now: MediaInstant
  ) {
    guard media.pointee.transportWideCC != nil,
      let id = media.pointee.extensions[.transportWideCC],
      let sequence = packet.transportSequence(id: id, in: bytes)
    else { return }
    media.pointee.transportWideCC?.packetArrived(
      transportSequence: sequence, media: packet.ssrc, length: packet.length, at: now)
    timers.hasten(Int(place), media.pointee.transportWideCC?.nextDeadline)
  }
}
