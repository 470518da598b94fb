internal import Wire

/// Datagrams that `--impair` holds back.
struct DelayLine {
  struct Held {
    var slot: Int
    var generation: Int
    var isIncoming: Bool
    var bytes: [UInt8]
    /// When it is to go on, where that is more exact than when it does.
    var due: MediaInstant?
  }

  private var held: [Int: Held] = [:]
  private var next = 0

  var count: Int { held.count }

  mutating func hold(_ datagram: Held) -> Int {
    next += 1
    held[next] = datagram
    return next
  }

  mutating func release(_ number: Int) -> Held? { held.removeValue(forKey: number) }
}

extension Generator {
  /// Loses or holds back a datagram that leaves. Returns whether it was taken.
  func impairOutgoing(_ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    if endpoint.cohort < paths.count { return pass(endpoint, slot, bytes, .up) }
    return impair(slot, bytes, isIncoming: false, after: &endpoint.lastRelease.outgoing)
  }

  func impairIncoming(_ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    if endpoint.cohort < paths.count { return pass(endpoint, slot, bytes, .down) }
    return impair(slot, bytes, isIncoming: true, after: &endpoint.lastRelease.incoming)
  }

  /// A queue, as in networks: it grows and shrinks, and nothing overtakes in it.
  private func impair(
    _ slot: Int, _ bytes: UnsafeRawBufferPointer, isIncoming: Bool, after last: inout Int64
  ) -> Bool {
    let impairment = settings.impairment
    if impairment.loss > 0, Double.random(in: 0..<1, using: &random) < impairment.loss {
      traffic.impairedLosses += 1
      return true
    }
    var delay = impairment.delay
    if impairment.jitter > 0 {
      delay += Double.random(in: -impairment.jitter...impairment.jitter, using: &random)
    }
    guard delay > 0 else { return false }
    traffic.impairedDelays += 1
    let number = delayed.hold(
      DelayLine.Held(
        slot: slot, generation: generations[slot], isIncoming: isIncoming, bytes: Array(bytes)))
    // Equal times leave in any order.
    last = max(last + 1, MonotonicClock.now().nanoseconds + Int64(delay * 1e6))
    queue.add(.release(number), at: last)
    return true
  }

  /// What was held back goes on.
  func release(_ number: Int) {
    guard var held = delayed.release(number), let endpoint = live(held.slot, held.generation) else {
      return
    }
    held.bytes.withUnsafeMutableBytes { bytes in
      if held.isIncoming {
        take(endpoint, held.slot, bytes, arrival: held.due ?? MonotonicClock.now())
      } else {
        sendNow(endpoint, UnsafeRawBufferPointer(bytes))
      }
    }
  }
}
