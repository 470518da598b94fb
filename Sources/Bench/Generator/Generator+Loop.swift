internal import CDatagram
internal import Synchronization
internal import Wire

/// The media thread.
extension Generator {
  /// While it never comes to rest, whoever is still connecting is asked after so often, nanoseconds.
  private static let greeting: Int64 = 250_000
  /// Sending and reading go on for so long at most before something else has its turn.
  private static let patience: Int64 = 2_000_000

  func run() {
    datagram_name_thread("bench-media")
    // The media goes before signaling where both share a core.
    flow_prefer_thread()
    started = MonotonicClock.now()
    lastSecond = (traffic, MonotonicClock.threadTime(), started)
    wallOffset = MonotonicClock.offsetFromWallClock()
    queue.add(.second, at: started.nanoseconds + 1_000_000_000)
    var nextLook: Int64 = 0
    var nextGreeting: Int64 = 0
    while !isStopped {
      var now = runDue(until: nextLook)
      if now >= nextLook {
        let isEmpty = receiveReady(now)
        now = MonotonicClock.now().nanoseconds
        gauge.note(now)
        nextLook = isEmpty ? now + gauge.turn(isJoining: joining > 0) : now
      }
      let wait = min(queue.nextDue ?? nextLook, nextLook) - now
      guard wait > 0 || now >= nextGreeting else { continue }
      greet(waiting: wait)
      nextGreeting = now + max(0, wait) + Self.greeting
    }
    for slot in slots.indices where slots[slot] != nil { remove(slot: slot, gracefully: true) }
  }

  /// Those who are still connecting, and commands.
  private func greet(waiting nanoseconds: Int64) {
    let ready = flow_poller_wait(
      joiningPoller, &numbers, UInt32(numbers.count), max(0, nanoseconds))
    for i in 0..<max(0, Int(ready)) {
      if numbers[i] == Self.wakeNumber {
        datagram_event_drain(wake)
        takeCommands()
      } else {
        receive(slot: Int(numbers[i]))
      }
    }
  }

  private func takeCommands() {
    let commands = mailbox.withLock { commands -> [Command] in
      let taken = commands
      commands.removeAll()
      return taken
    }
    for command in commands {
      switch command {
      case .add(let plan): add(plan)
      case .setInbound(let id, let inbound): setInbound(id, inbound)
      case .remove(let id, let gracefully):
        if let slot = slotOf[id] { remove(slot: slot, gracefully: gracefully) }
      case .stopSending: isSending = false
      case .beginInterval: beginInterval()
      case .limitSound(let id, let rate):
        // 50 packets a second.
        if let slot = slotOf[id] { slots[slot]?.soundLimit = max(rate, 0) / 400 }
      case .beginPaths(let at): beginPaths(at)
      case .records(let continuation): continuation.resume(returning: makeRecords())
      case .snapshot(let continuation): continuation.resume(returning: makeSnapshot())
      case .stop: isStopped = true
      }
    }
  }

  /// Does what is due, until nothing is or the sockets want to be looked at. Returns the time.
  private func runDue(until nextLook: Int64) -> Int64 {
    var now = MonotonicClock.now()
    while let (due, event) = queue.take(until: now.nanoseconds) {
      if let next = queue.next { prefetchEndpoint(next.slot) }
      perform(event, due: due, now: now)
      now = MonotonicClock.now()
      if now.nanoseconds >= nextLook { break }
    }
    return now.nanoseconds
  }

  private func perform(_ event: Due, due: Int64, now: MediaInstant) {
    switch event.kind {
    case .second: return second()
    case .release: return release(event.slot)
    default: break
    }
    let slot = event.slot
    guard let endpoint = live(slot, event.generation) else { return }
    switch event.kind {
    case .frame:
      frame(endpoint, slot, event.source, due: MediaInstant(nanoseconds: due), now: now)
    case .pacer: pace(endpoint, slot, event.source, due: due, now: now)
    case .check: check(endpoint, slot)
    case .handshake: handshakeTimeout(endpoint, slot)
    case .reports: sendReports(endpoint, slot)
    case .feedback: sendFeedback(endpoint, slot)
    case .nack: sendNACKs(endpoint, slot)
    case .rate: adapt(endpoint, slot)
    case .probe: sendProbe(endpoint, slot, event.source)
    case .address: changeAddress(endpoint, slot)
    case .second, .release: break
    }
  }

  func live(_ slot: Int, _ generation: Int) -> Endpoint? {
    generations[slot] == generation ? slots[slot] : nil
  }

  /// Reads the sockets that have something; what becomes due meanwhile leaves between two of them,
  /// for what is read late is stamped all the same. Returns whether none is left.
  private func receiveReady(_ begin: Int64) -> Bool {
    var now = begin
    repeat {
      let count = Int(flow_poller_wait(poller, &numbers, UInt32(numbers.count), 0))
      // Where the next ones lie is fetched while the kernel copies for this one.
      for i in 0..<max(0, count) {
        if i + 2 < count { prefetchEndpoint(Int(numbers[i + 2])) }
        if i + 1 < count { slots[Int(numbers[i + 1])]?.prefetchStreams() }
        receive(slot: Int(numbers[i]))
        now = runDue(until: now + Self.patience)
      }
      if count < numbers.count { return true }
    } while now < begin + Self.patience
    return false
  }

  private func prefetchEndpoint(_ slot: Int) {
    guard slot < places.count, let place = places[slot] else { return }
    for line in 0..<6 { flow_prefetch(place + line &* 64) }
  }
}
