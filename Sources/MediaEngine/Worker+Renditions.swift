internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// Smaller pictures that hooks make of publications with one encoding.
extension Worker {
  func addRendition(_ feed: PacketFeed, to id: PublicationID, _ now: MediaInstant) {
    guard let record = publications[id] else {
      counters.count(.unknownPublication)
      return
    }
    guard record.parameters.kind == .video, !record.hasSimulcast, record.rendition == nil else {
      counters.count(.kindMismatch)
      return
    }
    let settings = PublicationSettings(
      kind: .video, payloads: record.parameters.payloads, extensions: HeaderExtensionMap(),
      answersNACK: false, answersKeyframeRequests: true,
      muted: record.encodings.first.map { router.isMuted($0.handle) } ?? false)
    guard let handle = try? router.addPublication(settings) else {
      counters.count(.tableFull)
      return
    }
    record.rendition = Rendition(handle, feed, now)
    record.renditionNeeded = now
    publicationRecords[Int(handle.index)] = record
    fed.append(record)
    nextFeed = now
  }

  /// Viewers of it go on with the next keyframe of the publication itself.
  func removeRendition(_ feed: PacketFeed, from id: PublicationID, _ now: MediaInstant) {
    guard let record = publications[id], let rendition = record.rendition, rendition.feed === feed
    else { return }
    if let own = record.encodings.first?.handle {
      var viewers: [SubscriptionHandle] = []
      router.forEachSubscriber(of: rendition.encoding.handle) { viewer, _ in
        viewers.append(viewer)
      }
      for viewer in viewers {
        withdrawIfCarried(viewer, rendition)
        router.takeOver(viewer, to: own, atOnce: true, now: now)
        if let record = subscriptionRecords[Int(viewer.index)] { hastenPublisher(of: record) }
      }
    }
    dropRendition(of: record)
    record.isRenditionAsked = false
  }

  private func withdrawIfCarried(_ viewer: SubscriptionHandle, _ rendition: Rendition) {
    guard router.publication(carriedBy: viewer) == rendition.encoding.handle,
      let record = subscriptionRecords[Int(viewer.index)]
    else { return }
    withdraw(viewer, of: record.peer)
  }

  func dropRendition(of record: PublicationRecord) {
    guard let rendition = record.rendition else { return }
    withdraw(rendition.encoding.handle)
    router.removePublication(rendition.encoding.handle)
    publicationRecords[Int(rendition.encoding.handle.index)] = nil
    record.rendition = nil
    fed.removeAll { $0 === record }
    if fed.isEmpty { nextFeed = nil }
  }

  // MARK: Time

  /// Takes what hooks have made. Once a turn, while there is a rendition.
  func serveFeeds(_ now: MediaInstant, _ out: inout OutboundBatch) {
    for record in fed {
      if let feed = record.feed { takeIn(feed, of: record, now, &out) }
      guard let rendition = record.rendition else { continue }
      takeIn(rendition.feed, to: rendition.encoding.handle, now, &out)
      if router.nextDeadline(of: rendition.encoding.handle).map({ $0 <= now }) ?? false {
        requested.removeAll()
        let question = router.collectFeedback(
          of: rendition.encoding.handle, now: now, roundTrip: nil, into: &requested)
        if question != nil { rendition.feed.askKeyframe() }
      }
      if rendition.nextLook <= now { look(at: record, rendition, now) }
    }
    nextFeed = fed.isEmpty ? nil : now + Rendition.interval
  }

  /// Lets the encoder follow the narrowest of the viewers, and says when nobody needs it any more.
  private func look(at record: PublicationRecord, _ rendition: Rendition, _ now: MediaInstant) {
    rendition.nextLook = now + Rendition.lookInterval
    let handle = rendition.encoding.handle
    // It has the publisher's own timestamps.
    if let own = record.encodings.first?.handle { router.shareClock(of: own, with: handle) }
    router.expireHistory(of: handle, now: now)
    var least: Int?
    router.forEachSubscriber(of: handle) { _, place in
      guard let downlink = media.pointer(at: place)?.pointee.downlink,
        downlink.pointee.ladder.step.hasVideo,
        let allowance = downlink.pointee.allowance(reserve: encoderLimits.audioReserve)
      else { return }
      least = min(least ?? allowance, allowance)
    }
    if let least, rendition.cap.update(estimate: least, at: now) != nil {
      rendition.feed.setBitrate(rendition.cap.cap)
    }
    guard let needed = record.renditionNeeded, now - needed >= Rendition.idle else { return }
    guard record.isRenditionAsked else { return }
    record.isRenditionAsked = false
    events.append(.renditionNeeded(record.id, false))
  }

  // MARK: Need

  /// A viewer's look. A smaller picture is made for one whose path carries less than the publisher sends, when
  /// that of another carries it: with two people the encoder itself follows.
  func noteNeed(
    of source: PublicationRecord, by viewer: Peer, _ ladder: AudioFirstLadder, _ now: MediaInstant
  ) {
    guard !source.hasSimulcast, source.decisiveViewer != viewer.place,
      source.priority.needsRendition(at: ladder.step, source), ladder.reason != .silence,
      hasAnotherAtFull(source, viewer.place)
    else { return }
    source.renditionNeeded = now
    let isDue = source.lastAsked.map { now - $0 >= Rendition.repetition } ?? true
    guard !source.isRenditionAsked || source.rendition == nil && isDue else { return }
    source.isRenditionAsked = true
    source.lastAsked = now
    events.append(.renditionNeeded(source.id, true))
  }

  private func hasAnotherAtFull(_ source: PublicationRecord, _ place: Int32) -> Bool {
    guard let own = source.encodings.first?.handle else { return false }
    var isThere = false
    router.forEachSubscriber(of: own) { _, other in
      let step = media.pointer(at: other)?.pointee.downlink?.pointee.ladder.step ?? .full
      if other != place, step == .full { isThere = true }
    }
    return isThere
  }
}

extension LadderPriority {
  /// Where details count the whole picture with fewer frames is better than a smaller one.
  /// A path that carries hardly the sound carries no picture of any size.
  fileprivate func needsRendition(at step: LadderStep, _ source: PublicationRecord) -> Bool {
    guard step != .audioOnly else { return false }
    return switch self {
    case .motion: step >= .lowest
    case .detail: step >= (source.hasLiveRendition ? .lowest : .videoOff)
    }
  }
}

extension PublicationRecord {
  /// Packets of it come: it may be chosen.
  var hasLiveRendition: Bool { rendition?.encoding.isLive ?? false }

  /// What a viewer can get, from the smallest picture up. What is made is before the publisher's own.
  var layers: LayerList { LayerList(made: rendition?.encoding, own: encodings) }
}

/// The encodings that there are to choose from.
struct LayerList: RandomAccessCollection {
  let made: Encoding?
  let own: [Encoding]

  var startIndex: Int { 0 }
  var endIndex: Int { own.count + offset }
  /// Of the publisher's own.
  var offset: Int { made == nil ? 0 : 1 }

  subscript(index: Int) -> Encoding {
    guard let made else { return own[index] }
    return index == 0 ? made : own[index - 1]
  }
}
