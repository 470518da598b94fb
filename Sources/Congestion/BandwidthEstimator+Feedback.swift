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
      guard let delta = interArrival.add(sent: result.sentMicroseconds, arrived: arrival) else {
        continue
      }
      trendline.update(delta)
      detector.update(
        slope: trendline.slope, samples: trendline.samples, sent: delta.sent,
        isQueueing: queue.standing >= configuration.queueNoise, arrival: arrival)
    }
    guard heard else { return }
    isTransportWide = true
    unansweredSince = nil
    if let newestSent { roundTripTime.add(feedback: now - newestSent) }
    let wasLimited = limited.since != nil
    limited.update(estimate: current, at: now)
    if wasLimited, limited.since == nil { acknowledged.expectChange() }
    control(at: now)
    settle(at: now)
    probe(at: now)
  }

  private mutating func control(at now: MediaInstant) {
    let isQueueing = queue.standing >= configuration.queueTolerance
    let didCut = delayBased.update(
      AIMDRateControl.Input(
        usage: detector.usage, acknowledged: acknowledged.rate, recent: acknowledged.recent,
        roundTrip: roundTripTime.value, isApplicationLimited: limited.since != nil,
        isQueueing: isQueueing),
      bounds: bounds, at: now)
    if didCut || isQueueing || detector.usage == .overuse { lastTrouble = now }
    lossBased.update(
      delayBased: delayBased.estimate, delivered: acknowledged.rate, isQueueing: isQueueing,
      floor: Double(configuration.minimum), at: now)
    if lossBased.bound < delayBased.estimate { lastTrouble = now }
  }

  private var bounds: ClosedRange<Double> {
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
      roundTrip: roundTripTime.value)
  }

  private mutating func probe(at now: MediaInstant) {
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
      if let result { delayBased.raise(to: min(result, demand * 1.2), at: now) }
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
