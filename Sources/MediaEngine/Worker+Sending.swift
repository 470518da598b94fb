internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// What the router made, on its way out: paced, stamped, protected, handed to the batch.
extension Worker {
  func sendForwarded(_ now: MediaInstant, _ out: inout OutboundBatch) {
    guard forwarded.count > 0 else { return }
    while overflowed < forwarded.refused {
      overflowed &+= 1
      counters.count(.forwardingOverflow)
    }
    let packets = forwarded.packets
    for packet in packets { send(packet, now, &out) }
    forwarded.removeAllKeepingSlots()
  }

  private func send(_ packet: ForwardedPacket, _ now: MediaInstant, _ out: inout OutboundBatch) {
    guard let media = media.pointer(at: packet.destination) else {
      refuse(.notSendable, packet.slot)
      return
    }
    let departure = Departure(packet)
    let kind = packet.departureKind
    var probe = ProbeCluster.ID.none
    if let downlink = media.pointee.downlink, downlink.pointee.isSteering {
      let paced = PacedPacket(
        slot: packet.slot, length: UInt16(truncatingIfNeeded: packet.length),
        flow: UInt16(truncatingIfNeeded: packet.subscription.index), kind: kind,
        context: departure.context)
      switch downlink.pointee.pacer.enqueue(paced, at: now) {
      case .sendNow(let cluster): probe = cluster
      case .queued:
        timers.hasten(Int(packet.destination), downlink.pointee.pacer.nextDeadline)
        return
      case .refused:
        refuse(.pacerFull, packet.slot)
        // What comes after it is of no use; retransmissions are asked for again.
        if kind == .video { router.interrupt(packet.subscription, now: now) }
        return
      }
    }
    transmit(packet.slot, Int(packet.length), departure, kind, probe, media, now, &out)
  }

  /// The moment of leaving: numbers follow its order.
  func transmit(
    _ slot: PacketSlot, _ length: Int, _ departure: Departure, _ kind: SentPacketKind,
    _ probe: ProbeCluster.ID, _ media: UnsafeMutablePointer<PeerMedia>, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    guard let path = media.pointee.transport.sendPath else {
      refuse(.notSendable, slot)
      return
    }
    let buffer = arena.buffer(slot)
    var number: Int64?
    if departure.transportSequenceOffset != 0 {
      number = media.pointee.sequencer.stamp(
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]),
        at: departure.transportSequenceOffset)
    }
    if departure.sendTimeOffset != 0, departure.sendTimeOffset &+ 3 <= length {
      buffer.setNetworkUInt24(now.absoluteSendTime, at: departure.sendTimeOffset)
    }
    guard let protected = media.pointee.transport.protectRTP(buffer, length: length) else {
      refuse(.notSendable, slot)
      return
    }
    if let number, let downlink = media.pointee.downlink {
      downlink.pointee.estimator.packetSent(
        sequence: number, length: protected, kind: kind, probe: probe, at: now)
    }
    counters.rtpSent &+= 1
    counters.rtpOctetsSent &+= UInt64(protected)
    if kind == .retransmission { counters.retransmissionsSent &+= 1 }
    if kind == .padding { counters.paddingSent &+= 1 }
    let index = departure.subscription
    if repeating[index], kind != .padding {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<protected])
      subscriptionRecords[index]?.repeats?.keep(
        bytes, sequenceNumber: bytes.networkUInt16(at: 2), now: now)
    }
    out.append(slot, length: protected, path: path)
    if departure.isFirst, let record = subscriptionRecords[index] {
      events.append(.subscriptionStarted(record.id))
      // The sooner the mapping of its clock is told, the sooner lips match.
      if let peer = peer(at: record.peer) { hastenReport(to: peer, now) }
    }
  }

  func hastenReport(to peer: Peer, _ now: MediaInstant) {
    // A little later, so that one report serves sound and picture.
    let soon = now + .milliseconds(20)
    if let next = peer.nextReport, next <= soon { return }
    peer.nextReport = soon
    timers.hasten(Int(peer.place), soon)
  }
}
