internal import CDatagram
internal import Wire

/// What the generator knows of itself.
extension Generator {
  func beginInterval() {
    for i in audioDelay.indices {
      audioDelay[i].removeAll()
      videoDelay[i].removeAll()
    }
    lateness.removeAll()
  }

  func makeSnapshot() -> GeneratorSnapshot {
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
        let last = isSending ? nil : stream.sourceTag.flatMap { lastIndex[$0] }.map { Int64($0) }
        if stream.plan.isVideo {
          snapshot.cohorts[cohort].video.add(stream.audit, last: last)
        } else {
          snapshot.cohorts[cohort].audio.add(stream.audit, last: last)
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

  /// Once a second: a point of the timeline, and the clocks compared again.
  func second() {
    let now = MonotonicClock.now()
    queue.add(.second, at: now.nanoseconds + 1_000_000_000)
    wallOffset = MonotonicClock.offsetFromWallClock()
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
