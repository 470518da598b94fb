internal import Wire

/// The loss-based bound on the estimate (draft-ietf-rmcat-gcc-02 section 6), in a variant that a
/// path with random loss does not bring down.
///
/// The draft cuts the rate by half of the loss once that is above 10 %; on bad Wi-Fi it would fall to
/// nothing although less sending loses no less. Here `LossModel` parts the loss that is the path's
/// nature from the loss of what exceeds its capacity, from observations of a quarter of a second
/// over about six seconds, ten where few packets go: loss that does not follow the rate, and comes without a queue, is
/// nature (up to 30 %). While limited, the bound falls by at most 30 % an observation and rises by
/// at most 3 % in a quarter of a second; it goes when it no longer matters.
///
/// Where loss is high and the rate has been too even to tell the two apart, one trial tells:
/// the bound goes to 0.7 of what is sent for 1.5 s, at most once a minute. A policer without a queue
/// shows itself by then, and radio loss stays. Only encoders follow it; where none does it tells
/// nothing, and takes nothing away either.
struct LossEstimator: ~Copyable {
  static let window = 24
  /// Where few packets go, what is older than this is past all the same, microseconds.
  static let memory: Int64 = 10_000_000
  static let fewest = 4
  static let shortest: Int64 = 250_000
  static let longest: Int64 = 1_000_000
  static let packets = 20
  static let fewPackets = 10
  static let steps: [4 of Double] = [1.0, 0.95, 0.85, largestFall]
  /// In an observation of the shortest kind; in longer ones as often as they hold that.
  static let largestRise = 1.03
  static let largestFall = 0.7
  static let trialLoss = 0.08
  static let trialShare = 0.7
  static let trialLength = MediaDuration.milliseconds(1500)
  static let trialInterval = MediaDuration.seconds(60)

  private let observations: UnsafeMutablePointer<LossModel.Observation>
  private var count = 0
  private var lossless = LosslessRate()
  private var runs = LossRuns()
  private var open = LossModel.Observation()
  private var openOctets = 0
  private var firstSent: Int64 = 0
  private var lastSent: Int64 = 0
  private var firstSequence: Int64 = 0
  private var lastSequence: Int64 = 0
  private var trialEnd: MediaInstant?
  private var trialBound = Double.infinity
  private var nextTrial: MediaInstant?
  private var model = Double.infinity

  /// Loss that is the path's nature, as it looks.
  private(set) var inherentLoss = 0.0
  /// Smoothed over a second or two.
  private(set) var recentLoss = 0.0

  init() {
    observations = .allocate(capacity: Self.window)
    observations.initialize(repeating: LossModel.Observation(), count: Self.window)
  }

  deinit { observations.deallocate() }

  /// bits/s; infinite where loss does not limit.
  var bound: Double { min(model, trialBound) }
  var isTrying: Bool { trialBound < model }
  /// The same without a trial.
  var lastingBound: Double { model }

  mutating func add(_ result: PacketResult) {
    if result.wasLost {
      // It was only late. It may have been counted in an observation before: close enough.
      open.lost = max(open.lost - 1, 0)
      return
    }
    let sent = result.sentMicroseconds
    if open.packets == 0 {
      firstSent = sent
      lastSent = sent
      firstSequence = result.sequence
      lastSequence = result.sequence
    }
    open.packets += 1
    openOctets += result.length
    firstSent = min(firstSent, sent)
    lastSent = max(lastSent, sent)
    firstSequence = min(firstSequence, result.sequence)
    lastSequence = max(lastSequence, result.sequence)
    guard result.arrival == nil else { return }
    open.lost += 1
    runs.lost(result.sequence)
  }

  /// After the results of a feedback were added.
  ///
  /// - Parameter delayBased: the estimate without loss, bits/s.
  mutating func update(
    delayBased: Double, isQueueing: Bool, floor: Double, at now: MediaInstant
  ) {
    if let end = trialEnd, now >= end {
      trialEnd = nil
      trialBound = .infinity
    }
    if isQueueing { open.isQueueing = true }
    let span = lastSent &- firstSent
    let isEnough =
      span >= Self.shortest && open.packets >= Double(Self.packets)
      || span >= Self.longest && open.packets >= Double(Self.fewPackets)
    guard isEnough else { return }
    close(span: span)
    choose(delayBased: delayBased, floor: floor)
    considerTrial(floor: floor, at: now)
  }

  private mutating func close(span: Int64) {
    // What no feedback spoke of was sent too.
    let numbers = Double(max(lastSequence &- firstSequence, 0) + 1)
    let gaps = min(max(numbers / open.packets, 1), 4)
    let whole = Double(span) * open.packets / max(open.packets - 1, 1)
    open.rate = Double(openOctets) * 8e6 * gaps / max(whole, 1)
    recentLoss += (min(open.lost / open.packets, 1) - recentLoss) / 4
    open.sent = lastSent
    open.span = span
    var past = count == Self.window ? 1 : 0
    while count - past >= Self.fewest, lastSent &- observations[past].sent > Self.memory {
      past += 1
    }
    if past > 0 {
      for i in past..<count { observations[i - past] = observations[i] }
      count -= past
    }
    observations[count] = open
    count += 1
    lossless.add(open)
    runs.fade()
    open = LossModel.Observation()
    openOctets = 0
  }

  private mutating func choose(delayBased: Double, floor: Double) {
    let window = UnsafeBufferPointer(start: observations, count: count)
    let start = min(model, delayBased)
    let rise = largestRise
    guard window.contains(where: { $0.lost > 0 }) else {
      inherentLoss = 0
      model = model * rise >= delayBased ? .infinity : model * rise
      return
    }
    let free = LossModel.fit(capacity: delayBased, window, lossless.best, run: runs.length)
    var best = free
    var capacity = delayBased
    func consider(_ candidate: Double) {
      guard candidate >= min(floor, start) else { return }
      let fit = LossModel.fit(capacity: candidate, window, lossless.best, run: runs.length)
      if fit.score > best.score {
        best = fit
        capacity = candidate
      }
    }
    // A capacity above all that was sent explains nothing.
    let from = min(start, highestRate)
    consider(from * rise)
    for i in Self.steps.indices { consider(from * Self.steps[i]) }
    if best.score - free.score < LossModel.significance {
      best = free
      capacity = delayBased
    }
    inherentLoss = best.inherent
    if model == .infinity {
      if capacity < start * 0.999 { model = max(capacity, floor) }
    } else {
      model = max(min(capacity, model * rise), floor)
      if model >= delayBased { model = .infinity }
    }
  }

  /// Of those that the window holds, bits/s.
  private var highestRate: Double {
    var highest = 0.0
    for i in 0..<count { highest = max(highest, observations[i].rate) }
    return highest
  }

  /// Of what the last observation may change.
  private var largestRise: Double {
    let times = min(max(observations[count - 1].span / Self.shortest, 1), 4)
    var rise = Self.largestRise
    for _ in 1..<times { rise *= Self.largestRise }
    return rise
  }

  private mutating func considerTrial(floor: Double, at now: MediaInstant) {
    guard recentLoss >= Self.trialLoss, model == .infinity, trialEnd == nil, count >= 8,
      now >= nextTrial ?? now
    else { return }
    var low = Double.infinity
    var high = 0.0
    for i in 0..<count {
      low = min(low, observations[i].rate)
      high = max(high, observations[i].rate)
    }
    let sent = (low + high) / 2
    guard low > high * Self.trialShare, sent * Self.trialShare > floor else { return }
    trialEnd = now + Self.trialLength
    nextTrial = now + Self.trialInterval
    trialBound = sent * Self.trialShare
  }
}
