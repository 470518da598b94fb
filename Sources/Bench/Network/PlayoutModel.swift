internal import Wire

/// What a listener would have heard: an adaptive playout buffer after NetEq's manner, for packets of
/// 20 ms.
///
/// Each 20 ms one packet is played. One that is not there while a later one is counts as concealed, and
/// is gone; when nothing is there at all the time is concealed too, and the buffer waits. The
/// buffer aims at the 97th percentile of how late the packets of the last 10 s came, each measured
/// against the fastest of the 2 s before it, and at 60 to 200 ms in any case; it comes nearer by
/// stretching and shortening sound by a tenth at most. A packet that came again (NACK), or within another (RED), is as good as
/// any if it came in time. In-band FEC is not counted: the payload is not Opus.
struct PlayoutModel {
  static let packet = MediaDuration.milliseconds(20)
  static let least = MediaDuration.milliseconds(60)
  static let most = MediaDuration.milliseconds(200)
  private static let memory = 500
  private static let shortMemory = 100
  private static let percentile = 0.97
  /// Of a packet's time, each tick.
  private static let stretch = MediaDuration.milliseconds(2)

  /// A packet of sound, the first time that it came.
  struct Arrival: Sendable, Equatable {
    /// Counts the packets of the sender.
    var index: Int64
    var sent: MediaInstant
    var arrived: MediaInstant
  }

  struct Outcome: Sendable, Equatable {
    /// Of 20 ms.
    var ticks = 0
    var concealed = 0
    /// From the sender's clock to the ear, summed over what was played, seconds.
    var delay = 0.0

    var concealedShare: Double { ticks == 0 ? 1 : Double(concealed) / Double(ticks) }
    /// Milliseconds in the mean.
    var meanDelay: Double {
      ticks > concealed ? delay * 1000 / Double(ticks - concealed) : 0
    }
  }

  private var waiting: [Int64: Arrival] = [:]
  /// Nanoseconds on the way, of the last 2 s.
  private var transits: [Int64] = []
  /// How much later than the fastest, of the last 10 s.
  private var lateness: [Int64] = []
  private var next: Int64 = 0
  private var target = Self.least
  /// How much stretching is due to be a packet's time; negative: shortening.
  private var stretched = MediaDuration.zero

  /// Plays what came, and judges what was played from `from` to `to`.
  static func play(_ arrivals: [Arrival], from: MediaInstant, to: MediaInstant) -> Outcome {
    var model = PlayoutModel()
    return model.run(
      arrivals.sorted { ($0.arrived, $0.index) < ($1.arrived, $1.index) }, from: from, to: to)
  }

  private mutating func run(
    _ arrivals: [Arrival], from: MediaInstant, to: MediaInstant
  ) -> Outcome {
    var outcome = Outcome()
    guard let first = arrivals.first else {
      // Silence is concealed, all of it.
      outcome.ticks = max(0, Int((to - from).nanoseconds / Self.packet.nanoseconds))
      outcome.concealed = outcome.ticks
      return outcome
    }
    next = first.index
    var place = 0
    var tick = first.arrived + Self.least
    if tick > from {
      // Before anything came there was nothing to hear.
      let silent = Int((tick - from).nanoseconds / Self.packet.nanoseconds)
      outcome.ticks += silent
      outcome.concealed += silent
    }
    while tick < to {
      while place < arrivals.count, arrivals[place].arrived <= tick {
        take(arrivals[place])
        place += 1
      }
      play(at: tick, isJudged: tick >= from, &outcome)
      tick += Self.packet
    }
    return outcome
  }

  private mutating func take(_ arrival: Arrival) {
    let transit = (arrival.arrived - arrival.sent).nanoseconds
    transits.append(transit)
    if transits.count > Self.shortMemory { transits.removeFirst() }
    lateness.append(transit - (transits.min() ?? transit))
    if lateness.count > Self.memory { lateness.removeFirst() }
    guard arrival.index >= next else { return }
    waiting[arrival.index] = arrival
  }

  private mutating func play(at tick: MediaInstant, isJudged: Bool, _ outcome: inout Outcome) {
    if outcome.ticks % 5 == 0 { aim() }
    if stretched >= Self.packet {
      // A packet's time of stretched sound: nothing new is needed.
      stretched = stretched - Self.packet
      if isJudged { outcome.ticks += 1 }
      return
    }
    if stretched <= .zero - Self.packet {
      stretched = stretched + Self.packet
      waiting[next] = nil
      next += 1
    }
    if isJudged { outcome.ticks += 1 }
    guard let played = waiting.removeValue(forKey: next) else {
      if isJudged { outcome.concealed += 1 }
      // Lost, when later ones are there.
      if !waiting.isEmpty { next += 1 }
      skipSilence(at: tick)
      return
    }
    next += 1
    let delay = tick - played.sent
    if isJudged { outcome.delay += delay.seconds }
    if delay > target + Self.packet {
      stretched = stretched - Self.stretch
    } else if delay < target - Self.packet {
      stretched = stretched + Self.stretch
    } else {
      stretched = .zero
    }
  }

  /// What was concealed while nothing came is not made up for when the next are far ahead.
  private mutating func skipSilence(at tick: MediaInstant) {
    guard let earliest = waiting.keys.min(), let arrival = waiting[earliest], earliest > next,
      tick - arrival.sent >= target
    else { return }
    next = earliest
  }

  private mutating func aim() {
    guard let fastest = transits.min() else { return }
    let late = lateness.sorted()[Int(Double(lateness.count - 1) * Self.percentile)]
    let wanted = min(max(late, Self.least.nanoseconds), Self.most.nanoseconds)
    target = MediaDuration(nanoseconds: fastest + wanted)
  }
}
