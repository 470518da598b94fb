import Wire

/// A packet on a simulated path.
struct PathPacket {
  /// Whose; -1 = cross traffic.
  var flow: Int
  var sequence: UInt16
  var length: Int
  var isAudio: Bool
  var sent: MediaInstant
  var arrival = MediaInstant(nanoseconds: 0)
}

/// One link with a drop-tail queue that all flows share; what it delays and loses beyond that.
final class Bottleneck {
  var profile: PathProfile
  private var random: SeededRandom
  private var queue: [PathPacket] = []
  private var head = 0
  private(set) var queuedOctets = 0
  /// Bits of the head packet that are through.
  private var progress = 0.0
  /// Behind the bottleneck, in order of arrival.
  private var flying: [PathPacket] = []
  private var flyingHead = 0
  private var lastArrival: Int64 = 0
  private(set) var tailDrops = 0
  private(set) var randomLosses = 0

  init(_ profile: PathProfile, seed: UInt64) {
    self.profile = profile
    random = SeededRandom(seed: seed)
  }

  func send(_ packet: PathPacket) {
    guard queuedOctets + packet.length <= profile.queue else {
      tailDrops += 1
      return
    }
    queue.append(packet)
    queuedOctets += packet.length
  }

  /// Milliseconds that a packet would wait now.
  func queueDelay(at ms: Int64) -> Double {
    let rate = profile.rate(ms)
    return rate > 0 ? Double(queuedOctets * 8) / rate * 1000 : 10_000
  }

  /// Serves one millisecond from `ms` on.
  func serve(_ ms: Int64) {
    let perMillisecond = profile.rate(ms) / 1000
    var budget = perMillisecond
    while head < queue.count, budget > 0 {
      let need = Double(queue[head].length * 8) - progress
      if need > budget {
        progress += budget
        break
      }
      budget -= need
      progress = 0
      var packet = queue[head]
      head += 1
      queuedOctets -= packet.length
      if profile.loss.isLost(&random) {
        randomLosses += 1
        continue
      }
      let within = perMillisecond > 0 ? 1 - budget / perMillisecond : 1
      let extra = profile.delay + profile.jitter * random.unit() + within
      lastArrival = max(lastArrival, ms * 1_000_000 + Int64(extra * 1_000_000))
      packet.arrival = MediaInstant(nanoseconds: lastArrival)
      flying.append(packet)
    }
    if head > 512 {
      queue.removeFirst(head)
      head = 0
    }
  }

  /// The next packet that has arrived by then.
  func arrived(by now: MediaInstant) -> PathPacket? {
    guard flyingHead < flying.count, flying[flyingHead].arrival <= now else { return nil }
    defer {
      flyingHead += 1
      if flyingHead > 512 {
        flying.removeFirst(flyingHead)
        flyingHead = 0
      }
    }
    return flying[flyingHead]
  }
}
