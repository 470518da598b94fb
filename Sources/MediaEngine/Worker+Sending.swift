internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// What the router made, on its way out: stamped, protected, handed to the batch.
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
    guard let media = media.pointer(at: packet.destination),
      let path = media.pointee.transport.sendPath
    else {
      refuse(.notSendable, packet.slot)
      return
    }
    let buffer = arena.buffer(packet.slot)
    let length = Int(packet.length)
    if packet.transportSequenceOffset != 0 {
      media.pointee.sequencer.stamp(
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]),
        at: Int(packet.transportSequenceOffset))
    }
    if packet.sendTimeOffset != 0, Int(packet.sendTimeOffset) &+ 3 <= length {
      buffer.setNetworkUInt24(now.absoluteSendTime, at: Int(packet.sendTimeOffset))
    }
    guard let protected = media.pointee.transport.protectRTP(buffer, length: length) else {
      refuse(.notSendable, packet.slot)
      return
    }
    counters.rtpSent &+= 1
    counters.rtpOctetsSent &+= UInt64(protected)
    if packet.isRetransmission { counters.retransmissionsSent &+= 1 }
    if repeating[Int(packet.subscription.index)] {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<protected])
      subscriptionRecords[Int(packet.subscription.index)]?.repeats?.keep(
        bytes, sequenceNumber: bytes.networkUInt16(at: 2), now: now)
    }
    out.append(packet.slot, length: protected, path: path)
    if packet.isFirst, let record = subscriptionRecords[Int(packet.subscription.index)] {
      events.append(.subscriptionStarted(record.id))
      // The sooner the mapping of its clock is told, the sooner lips match.
      if let peer = peer(at: packet.destination) { hastenReport(to: peer, now) }
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
