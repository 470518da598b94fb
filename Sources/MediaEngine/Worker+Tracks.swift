internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// Publications and subscriptions come, change and go.
extension Worker {
  // MARK: Publications

  func addPublication(
    _ id: PublicationID, _ parameters: PublicationParameters, _ now: MediaInstant
  ) {
    guard let peer = peer(parameters.peer) else {
      counters.count(.unknownPeer)
      return
    }
    // Negotiated anew: viewers go on with what replaces it. Some may have waited for it.
    let viewers = subscriptions.values.filter { $0.wanted == id }
    let former = publications[id].map { Former($0, peer) }
    let taps = publications[id]?.taps ?? []
    let feed = publications[id]?.rendition?.feed
    if let record = publications[id] { dropPublication(record) }
    guard peer.publications.count < configuration.publicationsPerPeer else {
      counters.count(.tableFull)
      return
    }
    let feedback = parameters.feedback
    let settings = PublicationSettings(
      kind: parameters.kind, payloads: parameters.payloads, extensions: parameters.extensions,
      answersNACK: feedback.contains(.nack),
      answersKeyframeRequests: feedback.contains(.pli) || feedback.contains(.fir),
      muted: parameters.muted)
    guard let encodings = addEncodings(parameters.encodings, settings) else {
      counters.count(.tableFull)
      return
    }
    let record = PublicationRecord(
      id: id, encodings: encodings, peer: peer.place, parameters: parameters)
    if parameters.kind == .video, feedback.contains(.remb) {
      let limits = encoderLimits
      record.cap = EncoderCap(settings: limits, start: limits.ceiling)
      peer.nextCap = now
    }
    if record.hasSimulcast { peer.nextCap = now }
    record.taps = taps
    publications[id] = record
    refreshTapping()
    for encoding in encodings { publicationRecords[Int(encoding.handle.index)] = record }
    peer.publications.append(record)
    peer.refreshReception()
    if record.hasSimulcast {
      if let former { take(former, record, peer, now) }
    } else if let encoding = encodings.first {
      declare(parameters.declaredSources, of: encoding, peer, now)
    }
    if let feed { addRendition(feed, to: id, now) }
    record.isRenditionAsked = feed != nil
    for viewer in viewers {
      viewer.wanted = id
      carry(viewer, now)
    }
    schedule(peer, now)
  }

  /// One stream for each encoding, all or none.
  private func addEncodings(_ rids: [String], _ settings: PublicationSettings) -> [Encoding]? {
    guard rids.count > 1 else {
      guard let handle = try? router.addPublication(settings) else { return nil }
      return [Encoding(handle: handle, rid: nil, isActive: true)]
    }
    var encodings: [Encoding] = []
    for rid in rids.prefix(PublicationParameters.maximumEncodings) {
      guard let handle = try? router.addPublication(settings) else {
        for encoding in encodings { router.removePublication(encoding.handle) }
        return nil
      }
      encodings.append(Encoding(handle: handle, rid: rid, isActive: rid == rids.last))
    }
    return encodings
  }

  /// What was learned of a simulcast publication that is negotiated anew: its packets need not tell it
  /// again (RFC 8852 section 3).
  private struct Former {
    var peer: Int32
    var mid: MediaIdentificationTag?
    var encodings: [(former: Encoding, sources: [SourceTable.Source])]

    init(_ record: PublicationRecord, _ peer: Peer) {
      self.peer = record.peer
      mid = record.mid
      let sources = record.peer == peer.place && record.hasSimulcast ? record.encodings : []
      encodings = sources.map { ($0, peer.media.pointee.sources.all(of: $0.handle)) }
    }
  }

  private func take(
    _ former: Former, _ record: PublicationRecord, _ peer: Peer, _ now: MediaInstant
  ) {
    guard former.peer == peer.place, former.mid == record.mid,
      former.encodings.map(\.former.ridText) == record.encodings.map(\.ridText)
    else { return }
    for (encoding, before) in zip(record.encodings, former.encodings) {
      encoding.isActive = before.former.isActive
      encoding.neededAt = before.former.neededAt
      for var source in before.sources {
        source.publication = encoding.handle
        guard peer.media.pointee.sources.insert(source), source.role == .media else { continue }
        router.setSource(encoding.handle, source.ssrc, now: now)
      }
    }
  }

  /// The first declared source is the one that the publication takes; without simulcast there is
  /// no other.
  private func declare(
    _ sources: [DeclaredSource], of encoding: Encoding, _ peer: Peer, _ now: MediaInstant
  ) {
    func insert(_ ssrc: SSRC, _ role: SourceTable.Role) {
      let source = SourceTable.Source(
        ssrc: ssrc, publication: encoding.handle, role: role, isDeclared: true, lastPacket: now)
      if !peer.media.pointee.sources.insert(source) { counters.count(.sourceTableFull) }
    }
    for source in sources {
      insert(source.ssrc, .media)
      if let rtx = source.rtxSSRC { insert(rtx, .retransmission) }
    }
    if let first = sources.first { router.setSource(encoding.handle, first.ssrc, now: now) }
  }

  func removePublication(_ id: PublicationID) {
    guard let record = publications[id] else {
      counters.count(.unknownPublication)
      return
    }
    dropPublication(record)
  }

  func dropPublication(_ record: PublicationRecord) {
    dropRendition(of: record)
    dropFeed(of: record)
    for encoding in record.encodings {
      withdraw(encoding.handle)
      router.removePublication(encoding.handle)
      publicationRecords[Int(encoding.handle.index)] = nil
    }
    publications[record.id] = nil
    refreshTapping()
    for viewer in subscriptions.values where viewer.wanted == record.id { viewer.wanted = nil }
    guard let peer = peer(at: record.peer) else { return }
    for encoding in record.encodings {
      peer.media.pointee.sources.removeAll(of: encoding.handle)
    }
    peer.publications.removeAll { $0 === record }
    peer.refreshReception()
  }

  func setMuted(_ id: PublicationID, _ muted: Bool, _ now: MediaInstant) {
    guard let record = publications[id] else {
      counters.count(.unknownPublication)
      return
    }
    for encoding in record.layers {
      if muted { withdraw(encoding.handle) }
      router.setMuted(encoding.handle, muted, now: now)
      guard record.peer >= 0 else { continue }
      timers.hasten(Int(record.peer), router.nextDeadline(of: encoding.handle))
    }
  }

  /// Its viewers' next looks follow.
  func setPriority(_ id: PublicationID, _ priority: LadderPriority) {
    guard let record = publications[id] else {
      counters.count(.unknownPublication)
      return
    }
    record.priority = priority
  }

  // MARK: Subscriptions

  func addSubscription(
    _ id: SubscriptionID, _ parameters: SubscriptionParameters, _ now: MediaInstant
  ) {
    guard let peer = peer(parameters.peer) else {
      counters.count(.unknownPeer)
      return
    }
    if let former = subscriptions[id] {
      guard
        former.parameters.ssrc != parameters.ssrc || former.peer != peer.place
          || former.parameters.kind != parameters.kind
      else {
        reconfigure(former, parameters, now)
        return
      }
      dropSubscription(former)
    }
    guard peer.subscriptions.count < configuration.subscriptionsPerPeer else {
      counters.count(.tableFull)
      return
    }
    let handle = try? router.addSubscription(
      Self.settings(parameters, destination: peer.place),
      continuing: peer.positions.removeValue(forKey: parameters.ssrc))
    guard let handle else {
      counters.count(.tableFull)
      return
    }
    let record = SubscriptionRecord(
      id: id, handle: handle, peer: peer.place, parameters: parameters)
    subscriptions[id] = record
    subscriptionRecords[Int(handle.index)] = record
    peer.subscriptions.append(record)
    if let roundTrip = peer.roundTrip.longest {
      router.noteRoundTrip(roundTrip, of: handle)
    } else if let time = peer.transport.handshakeTime {
      router.noteHandshake(time, of: handle)
    }
    prepareRepeats(record)
    if parameters.kind == .video || parameters.feedback.contains(.transportCC) {
      prepareDownlink(of: peer)
    }
    if parameters.kind == .audio { limitSound(record, of: peer) }
    if parameters.kind == .video {
      if let ladder = peer.media.pointee.downlink?.pointee.ladder, ladder.step != .full {
        if !ladder.step.hasVideo { router.pause(handle) }
        events.append(.subscriptionAdapted(id, ladder.step, ladder.reason))
      }
    }
    carry(record, now)
  }

  /// Negotiated anew: other payload types or extensions on the same stream, whose numbers go on.
  private func reconfigure(
    _ record: SubscriptionRecord, _ parameters: SubscriptionParameters, _ now: MediaInstant
  ) {
    guard
      (try? router.reconfigure(
        record.handle, Self.settings(parameters, destination: record.peer))) != nil
    else {
      counters.count(.unknownSubscription)
      return
    }
    record.parameters = parameters
    record.wanted = parameters.publication
    prepareRepeats(record)
    carry(record, now)
  }

  private static func settings(
    _ parameters: SubscriptionParameters, destination: Int32
  ) -> SubscriptionSettings {
    SubscriptionSettings(
      destination: destination, kind: parameters.kind, ssrc: parameters.ssrc,
      rtxSSRC: parameters.rtxSSRC, payloads: parameters.payloads,
      extensions: parameters.extensions, mid: MediaIdentificationTag(parameters.mid))
  }

  private func prepareRepeats(_ record: SubscriptionRecord) {
    let parameters = record.parameters
    let isNeeded = parameters.feedback.contains(.nack) && parameters.rtxSSRC == nil
    repeating[Int(record.handle.index)] = isNeeded
    guard isNeeded else {
      record.repeats = nil
      return
    }
    if record.repeats == nil {
      record.repeats = ProtectedPackets(
        capacity: configuration.audioHistory,
        maximumAge: router.retransmissionSpan(of: record.handle) ?? configuration.historyAge,
        arena: arena)
    }
  }

  func bind(_ id: SubscriptionID, to publication: PublicationID?, _ now: MediaInstant) {
    guard let record = subscriptions[id] else {
      counters.count(.unknownSubscription)
      return
    }
    record.wanted = publication
    carry(record, now)
  }

  /// Lets a subscription carry what it was bound to. A viewer that still shakes hands is announced:
  /// the publisher makes a keyframe meanwhile.
  func carry(_ record: SubscriptionRecord, _ now: MediaInstant) {
    guard let viewer = peer(at: record.peer) else { return }
    var target: PublicationHandle?
    if let wanted = record.wanted {
      guard let publication = publications[wanted] else {
        // Silence until it is added.
        counters.count(.unknownPublication)
        try? router.announce(record.handle, to: nil, now: now)
        return
      }
      target = entry(to: publication, for: record, now)
    }
    if router.publication(carriedBy: record.handle) != target {
      withdraw(record.handle, of: record.peer)
    }
    do {
      if viewer.transport.isConnected {
        try router.bind(record.handle, to: target, now: now, into: &forwarded)
      } else {
        try router.announce(record.handle, to: target, now: now)
      }
      hastenPublisher(of: record)
    } catch {
      counters.count(error == .kindMismatch ? .kindMismatch : .tableFull)
      record.wanted = nil
    }
  }

  /// What a subscription begins with, or goes on with: the largest encoding that runs.
  private func entry(
    to publication: PublicationRecord, for record: SubscriptionRecord, _ now: MediaInstant
  ) -> PublicationHandle? {
    if let carried = router.publication(carriedBy: record.handle),
      publication.encoding(of: carried) != nil
    {
      return carried
    }
    let live = publication.encodings.last { router.isLive($0.handle, now: now) }
    return (live ?? publication.encodings.last)?.handle
  }

  func removeSubscription(_ id: SubscriptionID) {
    guard let record = subscriptions[id] else {
      counters.count(.unknownSubscription)
      return
    }
    dropSubscription(record)
  }

  func dropSubscription(_ record: SubscriptionRecord) {
    withdraw(record.handle, of: record.peer)
    let position = router.removeSubscription(record.handle)
    subscriptions[record.id] = nil
    subscriptionRecords[Int(record.handle.index)] = nil
    repeating[Int(record.handle.index)] = false
    guard let peer = peer(at: record.peer) else { return }
    peer.subscriptions.removeAll { $0 === record }
    if let position, peer.positions.count < Peer.maximumPositions {
      peer.positions[record.parameters.ssrc] = position
    }
  }
}
