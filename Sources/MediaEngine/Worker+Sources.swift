internal import Forwarding
internal import Wire

/// Which publication a packet belongs to: by its SSRC, declared or learned; an unknown one is told
/// by the mid extension, else by a payload type that only one publication of the peer has (RFC 8843
/// section 9.2).
extension Worker {
  /// Between two changes of a publication's source: packets of two that alternate would make each
  /// other's stream worthless.
  static let minimumSwitchInterval = MediaDuration.milliseconds(500)
  /// A source that the publication has left is taken back when the newer one is silent for this long.
  static let sourceSilence = MediaDuration.seconds(1)

  func publication(
    of packet: RTPPacket, _ bytes: UnsafeRawBufferPointer, _ place: Int32,
    _ media: UnsafeMutablePointer<PeerMedia>, _ now: MediaInstant
  ) -> PublicationHandle? {
    if let source = media.pointee.sources.find(packet.ssrc, now: now) {
      guard source.role != .obsolete else {
        counters.count(.unknownSource)
        return nil
      }
      return source.publication
    }
    return peer(at: place).flatMap { learn(packet, bytes, $0, now) }
  }

  private func learn(
    _ packet: RTPPacket, _ bytes: UnsafeRawBufferPointer, _ peer: Peer, _ now: MediaInstant
  ) -> PublicationHandle? {
    guard let (record, role) = candidate(for: packet, bytes, peer),
      let encoding = encoding(of: record, role, packet, bytes, peer)
    else {
      counters.count(.unknownSource)
      return nil
    }
    if role == .media, router.source(of: encoding.handle) != nil {
      if let last = encoding.lastSwitch, now - last < Self.minimumSwitchInterval {
        counters.count(.sourceFlapping)
        return nil
      }
    }
    let source = SourceTable.Source(
      ssrc: packet.ssrc, publication: encoding.handle, role: role, isDeclared: false,
      lastPacket: now)
    guard peer.media.pointee.sources.insert(source) else {
      counters.count(.sourceTableFull)
      return nil
    }
    if role == .media { switchSource(of: encoding, to: packet.ssrc, peer, now) }
    return encoding.handle
  }

  /// Which encoding a packet is of, by the rid that it or the packet inside it has (RFC 8852).
  private func encoding(
    of record: PublicationRecord, _ role: SourceTable.Role, _ packet: RTPPacket,
    _ bytes: UnsafeRawBufferPointer, _ peer: Peer
  ) -> Encoding? {
    guard record.hasSimulcast else { return record.encodings.first }
    let kind: HeaderExtension = role == .retransmission ? .repairedRTPStreamID : .rtpStreamID
    guard let id = peer.media.pointee.extensions[kind],
      let rid = packet.identificationTag(id: id, in: bytes)
    else { return nil }
    return record.encodings.first { $0.rid == rid }
  }

  private func candidate(
    for packet: RTPPacket, _ bytes: UnsafeRawBufferPointer, _ peer: Peer
  ) -> (PublicationRecord, SourceTable.Role)? {
    if let id = peer.media.pointee.extensions[.mid],
      let mid = packet.identificationTag(id: id, in: bytes)
    {
      guard let record = peer.publications.first(where: { $0.mid == mid }),
        let role = record.role(of: packet.payloadType)
      else { return nil }
      return (record, role)
    }
    var found: (PublicationRecord, SourceTable.Role)?
    for record in peer.publications {
      guard let role = record.role(of: packet.payloadType) else { continue }
      if found != nil { return nil }
      found = (record, role)
    }
    return found
  }

  /// A packet came from a source that its publication has left.
  func reconsiderSource(
    _ ssrc: SSRC, _ publication: PublicationHandle, _ peer: Peer, _ now: MediaInstant
  ) {
    guard let record = publicationRecords[Int(publication.index)],
      let encoding = record.encoding(of: publication),
      let active = router.source(of: publication),
      peer.media.pointee.sources.find(ssrc, now: now)?.role == .media
    else { return }
    if let last = peer.media.pointee.sources.lastPacket(of: active), now - last < Self.sourceSilence
    {
      return
    }
    switchSource(of: encoding, to: ssrc, peer, now)
  }

  private func switchSource(
    of encoding: Encoding, to ssrc: SSRC, _ peer: Peer, _ now: MediaInstant
  ) {
    if router.source(of: encoding.handle) != nil {
      peer.media.pointee.sources.retireRetransmissions(of: encoding.handle)
      encoding.lastSwitch = now
    }
    router.setSource(encoding.handle, ssrc, now: now)
  }
}
