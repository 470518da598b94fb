public import Wire

/// What feedback and time do to the estimate.
extension BandwidthEstimator {
  /// Any feedback that parsed; what it says of packets that were never sent is left.
  public mutating func receive(_ feedback: TransportFeedback, at now: MediaInstant) {
    let reference = timeline.reference(feedback.referenceTime)
    var newestSent: MediaInstant?
    var heard = false
    for status in feedback {
      let arrival = status.arrival.map { reference &+ $0 &* TransportFeedback.deltaUnit }
      guard let result = log.resolve(status.sequenceNumber, arrival: arrival) else { continue }
      heard = true
      lossBased.add(result)
      probe.add(result)
      guard let arrival = result.arrival else { continue }
      newestSent = max(newestSent ?? result.sent, result.sent)
      acknowledged.add(arrived: arrival, length: result.length)
      queue.add(sent: result.sentMicroseconds, arrived: arrival)
      busy.add(
        arrived: arrival, length: result.length, hasWaited: queue.wait >= queueNoise.microseconds)
      if result.kind == .audio { spread.add(sent: result.sentMicroseconds, arrived: arrival) }
      guard let delta = interArrival.add(sent: result.sentMicroseconds, arrived: arrival) else {
        continue
      }
      trendline.update(delta)
      detector.update(
        slope: trendline.slope, samples: trendline.samples, sent: delta.sent,
        isQueueing: queue.standing >= queueNoise, arrival: arrival)
    }
    guard heard else { return }
    isTransportWide = true
    unansweredSince = nil
    window.heard(at: now)
    if let newestSent { roundTripTime.add(feedback: now - newestSent) }
    let wasLimited = limited.since != nil
    limited.update(estimate: current, at: now)
    if wasLimited, limited.since == nil { acknowledged.expectChange() }
    control(at: now)
    settle(at: now)
    if newestSent != nil, let before = beforeSilence {
      // The path is back, perhaps as it was: half of that is taken on trust, as where it changes.
      beforeSilence = nil
      delayBased.raise(to: min(before / 2, bounds.upperBound), at: now)
      settle(at: now)
      retry(before, at: now)
    } else if let before = delayTurnedOutForeign(at: now) {
      retry(before, at: now)
    } else {
      probe(at: now)
    }
  }

  /// Jitter lifts the shortest delay of a few packets, too.
  private var queueNoise: MediaDuration {
    max(configuration.queueNoise, min(queue.spread / 2, configuration.largestQueueNoise))
  }

  /// The path itself got longer: the estimate before, when it has just been found out.
  private mutating func delayTurnedOutForeign(at now: MediaInstant) -> Double? {
    let isQueueing = queue.standing >= configuration.queueTolerance
    let isForeign = foreign.update(
      standing: queue.standing, isQueueing: isQueueing, cut: lastCut, spread: queue.spread,
      roundTrip: roundTripTime.value, at: now)
    if !isQueueing { beforeQueue = nil }
    guard isForeign else { return nil }
    defer { beforeQueue = nil }
    queue.rebase()
    queueCuts = 0
    lastTrouble = nil
    return beforeQueue
  }

  private mutating func control(at now: MediaInstant) {
    let isQueueing = queue.standing >= configuration.queueTolerance
    var usage = detector.usage
    if isQueueLimitReached(at: now) { usage = .overuse }
    let before = current
    let didCut = delayBased.update(
      AIMDRateControl.Input(
        usage: usage, acknowledged: acknowledged.rate, recent: acknowledged.recent,
        busy: busy.rate, roundTrip: roundTripTime.value,
        isTested: limited.since == nil && current < demand * Self.demandFactor,
        isQueueing: isQueueing, hasJustBegun: limited.isRecent(at: now)),
      bounds: bounds, at: now)
    if didCut {
      if beforeQueue == nil { beforeQueue = before }
      lastCut = now
    }
    if didCut || isQueueing || detector.usage == .overuse { lastTrouble = now }
    let wasLossLimited = lossBased.bound < delayBased.estimate
    lossBased.update(
      delayBased: delayBased.estimate, isQueueing: isQueueing,
      floor: Double(configuration.minimum), at: now)
    if lossBased.bound < delayBased.estimate {
      lastTrouble = now
      if !wasLossLimited, let rate = acknowledged.rate { delayBased.lossLimited(at: rate) }
    }
  }

  /// Growth stops and results are not believed beyond this share of what could be sent.
  static let demandFactor = 1.2

  /// A long queue that does not drain: the trend is flat, and a start has no trend yet. Should cuts not
  /// move it, others make it, and giving way further would only starve us.
  private mutating func isQueueLimitReached(at now: MediaInstant) -> Bool {
    if queue.standing < configuration.queueTolerance { queueCuts = 0 }
    guard queue.standing >= configuration.queueLimit, !queue.isDraining,
      queueCuts < configuration.queueCuts
    else { return false }
    if let lastQueueCut, now - lastQueueCut < max(roundTripTime.value, .milliseconds(200)) {
      return false
    }
    queueCuts += 1
    lastQueueCut = now
    return true
  }

  var bounds: ClosedRange<Double> {
    let minimum = Double(max(configuration.minimum, 1))
    return minimum...max(Double(configuration.maximum), minimum)
  }

  /// Takes the smallest of the bounds.
  mutating func settle(at now: MediaInstant) {
    if !isTransportWide {
      current = remb.estimate(within: bounds, at: now)
      limit = .remb
    } else {
      current = delayBased.estimate
      limit = .delay
      if lossBased.bound < current {
        current = lossBased.bound
        limit = .loss
      }
      if let cap = remb.cap(at: now), cap < current {
        current = cap
        limit = .remb
      }
    }
    if current >= bounds.upperBound {
      current = bounds.upperBound
      limit = .maximum
    } else if current <= bounds.lowerBound {
      current = bounds.lowerBound
      limit = .minimum
    }
    tell()
  }

  private mutating func tell() {
    guard abs(current - told) > told * configuration.notable else { return }
    told = current
    change = EstimateChange(
      estimate: Int(current), limit: limit, loss: lossBased.recentLoss,
      inherentLoss: lossBased.inherentLoss)
  }

  private var probeInput: ProbeController.Input {
    ProbeController.Input(
      estimate: current, demand: demand, limitedSince: limited.since, lastTrouble: lastTrouble,
      roundTrip: roundTripTime.value, spread: queue.spread)
  }

  mutating func probe(at now: MediaInstant) {
    guard canProbe else { return }
    if detector.usage == .overuse {
      probes.abort()
      probe.end()
      pendingProbe = nil
      return
    }
    var next: ProbeCluster?
    if probe.isComplete {
      let result = probe.result
      probe.end()
      if let result {
        // The first result is all that is known; a later one below the estimate is noise.
        if probes.isFirstPending, result < current { delayBased.cut(to: result, at: now) }
        delayBased.raise(to: min(result, demand * Self.demandFactor), at: now)
      }
      next = probes.completed(result, probeInput, at: now)
      settle(at: now)
    } else {
      next = probes.update(probeInput, at: now)
    }
    if let next {
      pendingProbe = next
      probe.begin(next)
    }
  }

  private mutating func retry(_ rate: Double, at now: MediaInstant) {
    guard canProbe, let cluster = probes.retry(rate: rate, probeInput, at: now) else { return }
    pendingProbe = cluster
    probe.begin(cluster)
  }

  /// When `handleTimeout` has something to do.
  public var nextDeadline: MediaInstant? {
    guard isTransportWide, let unansweredSince else { return probes.deadline }
    let silence = unansweredSince + configuration.feedbackTimeout + roundTripTime.value
    return min(silence, probes.deadline ?? silence)
  }

  /// Cuts the estimate when nothing is heard of what was sent, and goes on probing where nothing
  /// is sent.
  public mutating func handleTimeout(at now: MediaInstant) {
    limited.update(estimate: current, at: now)
    guard isTransportWide else { return settle(at: now) }
    if let since = unansweredSince,
      now - since >= configuration.feedbackTimeout + roundTripTime.value
    {
      // Half, and again after as long a silence.
      unansweredSince = now
      lastTrouble = now
      beforeSilence = max(beforeSilence ?? 0, current)
      delayBased.cut(to: max(current / 2, bounds.lowerBound), at: now)
      probes.abort()
      probe.end()
      settle(at: now)
      limit = .silence
      if change != nil { change?.limit = .silence }
      return
    }
    probe(at: now)
  }
}
