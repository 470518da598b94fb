internal import Congestion
internal import Forwarding
internal import Wire

/// Which encoding of a picture each viewer gets, and which of them its publisher sends.
extension Worker {
  /// An encoding that nobody gets is stopped after this long.
  static let idleEncoding = MediaDuration.seconds(5)

  /// What is told and does not happen is told again.
  static let repetition = MediaDuration.seconds(2)

  /// Of packets that wait for a viewer when it goes over to a smaller picture.
  static let longestQueue = MediaDuration.milliseconds(300)

  /// The size at which a viewer shows what it gets.
  func setView(_ id: SubscriptionID, _ size: PictureSize, _ now: MediaInstant) {
    guard let record = subscriptions[id] else {
      counters.count(.unknownSubscription)
      return
    }
    record.view = size
    guard let viewer = peer(at: record.peer), viewer.media.pointee.downlink != nil else { return }
    viewer.media.pointee.downlink?.pointee.hastenLook(now)
    timers.hasten(Int(viewer.place), now)
  }

  /// What the ladder's steps send of a publication to a viewer.
  func rungs(
    of source: PublicationRecord, for viewer: Peer, _ record: SubscriptionRecord
  ) -> PictureRungs {
    let limits = encoderLimits
    let isDecisive = source.decisiveViewer == viewer.place
    return PictureRungs(
      source, best: source.layers.offset + source.encoding(for: record.view),
      priority: source.priority,
      obeying: isDecisive ? limits : nil, floor: limits.floor)
  }

  /// Reads the numbers of all encodings.
  func measure(_ source: PublicationRecord, _ now: MediaInstant) {
    for encoding in source.layers {
      guard let numbers = router.numbers(of: encoding.handle) else { continue }
      if !router.isLive(encoding.handle, now: now) {
        encoding.liveSince = nil
      } else if encoding.liveSince == nil {
        encoding.liveSince = now
        encoding.meter = RateMeter()
      }
      encoding.isSettled = encoding.liveSince.map { now - $0 >= Encoding.settling } ?? false
      encoding.meter.note(numbers, at: now)
      if let size = numbers.frameSize {
        encoding.frameSize = PictureSize(width: Int(size.width), height: Int(size.height))
      }
    }
  }

  /// Lets each picture of a viewer be what the step says.
  func selectLayers(
    of viewer: Peer, _ downlink: UnsafeMutablePointer<Downlink>, _ now: MediaInstant
  ) {
    let step = downlink.pointee.isSteering ? downlink.pointee.ladder.step : .full
    guard step.hasVideo else { return }
    for record in viewer.subscriptions where record.parameters.kind == .video {
      guard let carried = router.publication(carriedBy: record.handle),
        let source = publicationRecords[Int(carried.index)],
        let current = source.layers.firstIndex(where: { $0.handle == carried })
      else { continue }
      let layers = source.layers
      let rungs = rungs(of: source, for: viewer, record)
      let rung = rungs[step]
      var temporal = rung.temporal
      if step == .lowest, rung.encoding < rungs.full.encoding, source.rendition == nil {
        temporal = frames(of: layers[rung.encoding], record, downlink)
      }
      if layers.count > 1 {
        let target = target(rung.encoding, from: current, source)
        // What waits would hold the smaller picture up for longer than its keyframe takes to come.
        let isChoked =
          target < current && step != .full
          && downlink.pointee.pacer.expectedWait > Self.longestQueue
        if isChoked { withdraw(record.handle, of: viewer.place) }
        router.takeOver(
          record.handle, to: layers[target].handle, atOnce: isChoked, now: now)
        // What runs is too much; the keyframe of what is less comes in a moment.
        if target < current, step != .full { temporal = 0 }
        if target != current, !layers[target].isActive { hastenReview(source, now) }
      }
      record.temporal = temporal
      router.setTemporalLayers(upTo: temporal, of: record.handle)
    }
  }

  /// The encoding to go over to: the one that is wanted; while it is silent, what runs, or the one
  /// nearest to it that does.
  private func target(_ wanted: Int, from current: Int, _ source: PublicationRecord) -> Int {
    let encodings = source.layers
    if encodings[wanted].isLive || encodings[current].isLive { return wanted }
    for i in (0..<wanted).reversed() where encodings[i].isLive { return i }
    for i in encodings.indices where i > wanted && encodings[i].isLive { return i }
    return wanted
  }

  /// Of the smallest encoding as many frames as the path has room for.
  private func frames(
    of encoding: Encoding, _ record: SubscriptionRecord,
    _ downlink: UnsafeMutablePointer<Downlink>
  ) -> UInt8 {
    let reserve = EncoderCap.Settings().audioReserve
    let room = (downlink.pointee.allowance(reserve: reserve) ?? 0) &- reserve
    for layer in (1...Router.allTemporalLayers).reversed() {
      let need = Double(encoding.meter.rate) * encoding.meter.share(upTo: layer)
      let margin = record.temporal >= layer ? 1.1 : 1.4
      if need > 0, need * margin <= Double(room) { return layer }
    }
    return 0
  }

  // MARK: Publishers

  private func hastenReview(_ source: PublicationRecord, _ now: MediaInstant) {
    guard let publisher = peer(at: source.peer) else { return }
    publisher.nextCap = now
    timers.hasten(Int(source.peer), now)
  }

  /// Tells a publisher which encodings are of use: new ones at once, others no more when nobody has got
  /// them for a while. While nobody looks all stays as it is.
  func reviewEncodings(of source: PublicationRecord, _ now: MediaInstant) {
    var isViewed = false
    for encoding in source.encodings {
      router.forEachSubscriber(of: encoding.handle) { _, place in
        let step = media.pointer(at: place)?.pointee.downlink?.pointee.ladder.step ?? .full
        guard step.hasVideo else { return }
        encoding.neededAt = now
        isViewed = true
      }
    }
    guard isViewed else { return }
    var hasChanged = false
    for encoding in source.encodings {
      let isOfUse = encoding.neededAt.map { now - $0 < Self.idleEncoding } ?? false
      if encoding.isActive != isOfUse {
        encoding.isActive = isOfUse
        hasChanged = true
      }
    }
    // A word may be lost, and an encoder may come and go with the way to us.
    let isSilent = source.encodings.contains { $0.isActive && !$0.isLive }
    let isDue = source.lastTold.map { now - $0 >= Self.repetition } ?? true
    guard hasChanged || isSilent && isDue else { return }
    source.lastTold = now
    let active = source.encodings.filter(\.isActive).map(\.ridText)
    events.append(.encodingsNeeded(source.id, active))
  }
}

extension PublicationRecord {
  /// What an encoding of a camera takes that was not seen yet: bits/s of the largest, and how many times
  /// less the next smaller one takes.
  private static let nominalRate = 1_500_000
  private static let nominalRatio = 3

  /// bits/s
  /// - Parameter index: of `layers`, as in what follows.
  func expectedRate(of index: Int) -> Int {
    let encoding = layers[index]
    guard encodings.count > 1 else { return encoding.meter.rate }
    if encoding.isSettled { return encoding.meter.steadyRate }
    var rate = Self.nominalRate
    for _ in index..<(encodings.count - 1) { rate /= Self.nominalRatio }
    for larger in encodings[(index + 1)...] where larger.isSettled {
      rate = min(rate, larger.meter.steadyRate)
    }
    return rate
  }

  /// What the temporal layers up to one take of an encoding: an encoder lays them alike in all.
  func share(upTo layer: UInt8, of index: Int) -> Double {
    layered(index).share(upTo: layer)
  }

  func highestLayer(of index: Int) -> UInt8 { layered(index).highestLayer }

  private func layered(_ index: Int) -> RateMeter {
    let own = layers[index].meter
    guard own.highestLayer == 0, rendition == nil else { return own }
    return encodings.first { $0.meter.highestLayer > 0 }?.meter ?? own
  }

  /// The smallest encoding that is sharp at the size at which it is shown; the largest where nothing is
  /// known of that.
  func encoding(for view: PictureSize?) -> Int {
    let top = encodings.count - 1
    guard top > 0, let view else { return top }
    return encodings.indices.first { size(of: $0)?.suffices(for: view) ?? ($0 == top) } ?? top
  }

  /// An encoding that was not seen yet is taken for half as wide as the next larger one.
  private func size(of index: Int) -> PictureSize? {
    if let size = encodings[index].frameSize { return size }
    for other in encodings.indices {
      guard let known = encodings[other].frameSize else { continue }
      let (larger, smaller) = (max(0, index - other), max(0, other - index))
      return PictureSize(
        width: (known.width << larger) >> smaller, height: (known.height << larger) >> smaller)
    }
    return nil
  }
}
