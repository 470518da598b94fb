internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// The ways to viewers: what they carry, what waits, what is given up.
extension Worker {
  /// Packets of padding in one turn, for one viewer.
  static let longestPadding = 16

  /// Lets a peer that views video, or tells of each packet, have a downlink.
  func prepareDownlink(of peer: Peer) {
    guard peer.media.pointee.downlink == nil else { return }
    let downlink = UnsafeMutablePointer<Downlink>.allocate(capacity: 1)
    downlink.initialize(to: Downlink(start: configuration.startBitrate))
    peer.media.pointee.downlink = downlink
  }

  // MARK: Feedback

  func noteTransportFeedback(
    _ feedback: TransportFeedback, _ peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch
  ) {
    guard let downlink = peer.media.pointee.downlink else { return }
    downlink.pointee.estimator.receive(feedback, at: now)
    follow(peer, downlink, now, &out)
  }

  func noteREMB(
    _ bitrate: UInt64, _ peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch
  ) {
    guard let downlink = peer.media.pointee.downlink else { return }
    downlink.pointee.estimator.receive(remb: bitrate, at: now)
    follow(peer, downlink, now, &out)
  }

  func noteReportBlock(
    _ block: ReportBlock, _ record: SubscriptionRecord, _ peer: Peer, _ now: MediaInstant
  ) {
    guard let downlink = peer.media.pointee.downlink, downlink.pointee.isSteering else { return }
    if block.lastSR != 0, let roundTrip = peer.roundTrip.smoothed {
      downlink.pointee.estimator.receive(roundTrip: roundTrip)
    }
    guard let carried = router.publication(carriedBy: record.handle),
      let source = publicationRecords[Int(carried.index)],
      let encoding = source.encoding(of: carried)
    else { return }
    downlink.pointee.estimator.receive(
      fractionLost: block.fractionLost, upstreamLoss: encoding.meter.loss,
      sending: Double(downlink.pointee.carried), at: now)
  }

  /// Acts on what feedback did to the estimate.
  private func follow(
    _ peer: Peer, _ downlink: UnsafeMutablePointer<Downlink>, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    var isFirst = false
    if !downlink.pointee.isSteering {
      isFirst = downlink.pointee.listen(now: now)
      timers.hasten(Int(peer.place), downlink.pointee.nextDeadline)
      guard isFirst else { return }
    }
    if downlink.pointee.estimator.takeChange() != nil || isFirst {
      regulate(peer, downlink, now, &out)
      hastenCaps(of: peer, now)
    }
    drain(peer, downlink, now, &out)
    timers.hasten(Int(peer.place), downlink.pointee.nextDeadline)
  }

  // MARK: Time

  func serveDownlink(_ peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch) {
    guard let downlink = peer.media.pointee.downlink else { return }
    if downlink.pointee.isSteering, let deadline = downlink.pointee.estimator.nextDeadline,
      deadline <= now
    {
      downlink.pointee.estimator.handleTimeout(at: now)
    }
    if let look = downlink.pointee.nextLook, look <= now {
      if downlink.pointee.path != peer.transport.sendPath {
        // Another path of a connected peer is followed in `pathMoved`.
        downlink.pointee.path = peer.transport.sendPath
      }
      regulate(peer, downlink, now, &out)
    }
    guard downlink.pointee.isSteering else { return }
    if downlink.pointee.estimator.takeChange() != nil { hastenCaps(of: peer, now) }
    drain(peer, downlink, now, &out)
  }

  /// Looks at what the viewer gets, and takes or gives what the estimate asks for.
  private func regulate(
    _ peer: Peer, _ downlink: UnsafeMutablePointer<Downlink>, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    var load = DownlinkLoad()
    downlink.pointee.paddingStream = nil
    for record in peer.subscriptions {
      if record.parameters.rtxSSRC != nil { downlink.pointee.paddingStream = record.handle }
      guard let carried = router.publication(carriedBy: record.handle),
        let source = publicationRecords[Int(carried.index)],
        let encoding = source.encoding(of: carried), !router.isMuted(carried)
      else { continue }
      measure(source, now)
      if record.parameters.kind == .audio {
        load.addAudio(rate: encoding.meter.rate)
      } else {
        let rungs = rungs(of: source, for: peer, record)
        let share = encoding.meter.share(upTo: record.temporal)
        let obeys = !source.hasSimulcast || source.decisiveViewer == peer.place
        load.addVideo(
          sent: Int(Double(encoding.meter.rate) * share),
          rate: source.expectedRate(of: rungs.full.encoding), rungs: rungs,
          cap: obeys ? source.cap?.followed(at: now) : nil, limits: encoderLimits)
      }
    }
    downlink.pointee.take(load, phase: peer.place, now: now)
    regulateSound(peer, downlink, now)
    guard load.videos > 0 else { return }
    defer { selectLayers(of: peer, downlink, now) }
    guard downlink.pointee.isSteering else { return }
    let change = downlink.pointee.ladder.update(
      estimate: downlink.pointee.ladderEstimate, loss: downlink.pointee.estimator.loss,
      isSilent: downlink.pointee.estimator.limitedBy == .silence,
      needs: load.needs, at: now)
    if let change { take(change, peer, downlink, now) }
    guard downlink.pointee.ladder.step > .full else { return }
    for record in peer.subscriptions where record.parameters.kind == .video {
      guard let carried = router.publication(carriedBy: record.handle),
        let source = publicationRecords[Int(carried.index)], !router.isMuted(carried)
      else { continue }
      noteNeed(of: source, by: peer, downlink.pointee.ladder, now)
    }
  }

  /// Gives pictures up or back.
  func take(
    _ change: AudioFirstLadder.Change, _ peer: Peer, _ downlink: UnsafeMutablePointer<Downlink>,
    _ now: MediaInstant
  ) {
    // While nothing is sent it costs nothing to go over to what will be.
    if !change.from.hasVideo { selectLayers(of: peer, downlink, now) }
    for record in peer.subscriptions where record.parameters.kind == .video {
      if change.from.hasVideo, !change.to.hasVideo {
        router.pause(record.handle)
        withdraw(record.handle, of: peer.place)
      } else if !change.from.hasVideo, change.to.hasVideo {
        router.resume(record.handle, now: now)
        hastenPublisher(of: record)
      }
      events.append(.subscriptionAdapted(record.id, change.to, change.reason))
    }
  }

  // MARK: Packets that wait

  /// Lets go what may go, and pads what a probe lacks.
  private func drain(
    _ peer: Peer, _ downlink: UnsafeMutablePointer<Downlink>, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    downlink.pointee.refresh(now: now)
    var broken: Int?
    while let step = downlink.pointee.pacer.next(at: now) {
      switch step {
      case .send(let packet, let probe):
        transmit(
          packet.slot, Int(packet.length), Departure(context: packet.context), packet.kind, probe,
          peer.media, now, &out)
      case .drop(let packet, _):
        refuse(.pacerTooOld, packet.slot)
        if packet.kind == .video { broken = Departure(context: packet.context).subscription }
      }
    }
    if let broken, let record = subscriptionRecords[broken] {
      // What waits behind a lost picture is of no use without it.
      withdraw(record.handle, of: peer.place)
      router.interrupt(record.handle, now: now)
      hastenPublisher(of: record)
    }
    guard let stream = downlink.pointee.paddingStream else { return }
    var budget = Self.longestPadding
    while budget > 0, downlink.pointee.pacer.paddingNeeded(at: now) > 0,
      router.pad(stream, into: &forwarded)
    {
      budget &-= 1
      sendForwarded(now, &out)
    }
  }

  /// Gives back what waits of a subscription.
  func withdraw(_ handle: SubscriptionHandle, of place: Int32) {
    guard let downlink = media.pointer(at: place)?.pointee.downlink else { return }
    downlink.pointee.pacer.remove(flow: UInt16(truncatingIfNeeded: handle.index)) {
      refuse(.withdrawn, $0.slot)
    }
  }

  /// Gives back what waits of a publication, whoever it is for.
  func withdraw(_ handle: PublicationHandle) {
    router.forEachSubscriber(of: handle) { viewer, place in withdraw(viewer, of: place) }
  }
}
