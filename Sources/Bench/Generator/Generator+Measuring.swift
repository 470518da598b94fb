internal import CDatagram
internal import Wire

/// What the generator knows of itself.
extension Generator {
  func beginInterval() {
    // What came before belongs to the timeline only.
    foldRecent()
    for i in audioDelay.indices {
      audioDelay[i].removeAll()
      videoDelay[i].removeAll()
    }
    lateness.removeAll()
  }

  /// What came since the last time goes to the interval and to the second.
  private func foldRecent() {
    for i in audioDelay.indices {
      let audio = recent.audio[i].take()
      let video = recent.video[i].take()
      audioDelay[i].add(audio)
      videoDelay[i].add(video)
      secondDelay.add(audio)
      secondDelay.add(video)
    }
    let late = recent.lateness.take()
    lateness.add(late)
    secondLateness.add(late)
  }

  /// The counters that the tracks of an endpoint ended with, or have come to.
  func noteLastIndices(_ endpoint: Endpoint) {
    for i in endpoint.sources.indices where endpoint.sources[i].nextIndex > 0 {
      lastIndex[endpoint.sources[i].plan.tag] = endpoint.sources[i].nextIndex - 1
    }
  }

  func makeSnapshot() -> GeneratorSnapshot {
    foldRecent()
    if !isSending { for case let endpoint? in slots { noteLastIndices(endpoint) } }
    var snapshot = GeneratorSnapshot(at: MonotonicClock.now())
    snapshot.endpoints = slotOf.count
    snapshot.connected = connected
    snapshot.traffic = traffic
    snapshot.cohorts = closed
    for i in closed.indices {
      snapshot.cohorts[i].audioDelay = audioDelay[i]
      snapshot.cohorts[i].videoDelay = videoDelay[i]
    }
    snapshot.socketDrops = closedDrops
    for case let endpoint? in slots {
      snapshot.socketDrops += UInt64(flow_dropped(endpoint.descriptor))
      let cohort = endpoint.plan.cohort
      for stream in endpoint.streams {
        // While tracks go on, what was sent last may still be on its way.
        let last = lastNumber(of: stream)
        if stream.pointee.plan.isVideo {
          snapshot.cohorts[cohort].video.add(stream.pointee.audit, last: last)
        } else {
          snapshot.cohorts[cohort].audio.add(stream.pointee.audit, last: last)
        }
      }
    }
    snapshot.lateness = lateness
    snapshot.threadTime = MonotonicClock.threadTime()
    snapshot.processTime = MonotonicClock.processTime()
    snapshot.failures = failures
    snapshot.seconds = seconds
    return snapshot
  }

  /// Of the track that a stream carries, when everyone is silent; `nil` before.
  func lastNumber(of stream: UnsafeMutablePointer<InboundStream>) -> Int64? {
    guard !isSending, let tag = stream.pointee.sourceTag else { return nil }
    return lastIndex[tag].map { Int64($0) }
  }

  /// Once a second: a point of the timeline, and the clocks compared again.
  func second() {
    let now = MonotonicClock.now()
    queue.add(.second, at: now.nanoseconds + 1_000_000_000)
    wallOffset = MonotonicClock.offsetFromWallClock()
    foldRecent()
    let thread = MonotonicClock.threadTime()
    let span = Double((now - lastSecond.at).nanoseconds)
    let step = traffic - lastSecond.traffic
    seconds.append(
      SecondPoint(
        second: Int((now - started).seconds.rounded()), connected: connected, sent: step.rtpSent,
        received: step.rtpReceived, delayP50: Double(secondDelay.value(at: 0.5)) / 1e6,
        delayP99: Double(secondDelay.value(at: 0.99)) / 1e6,
        delayMaximum: Double(secondDelay.maximum) / 1e6,
        latenessP99: Double(secondLateness.value(at: 0.99)) / 1e6,
        utilisation: Double(thread - lastSecond.thread) / span))
    // A soak of a day is 86 400 points.
    if seconds.count > 100_000 { seconds.removeFirst(50_000) }
    lastSecond = (traffic, thread, now)
    secondDelay.removeAll()
    secondLateness.removeAll()
  }
}
