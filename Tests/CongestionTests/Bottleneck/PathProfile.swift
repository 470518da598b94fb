import Wire

/// Loss in runs: a good and a bad state (Gilbert-Elliott). Per packet.
struct BurstLoss {
  var goodToBad = 0.0
  var badToGood = 1.0
  var lossInGood = 0.0
  var lossInBad = 0.0
  var isBad = false

  static func random(_ share: Double) -> BurstLoss { BurstLoss(lossInGood: share) }

  /// A mean share of losses in runs of a mean length.
  static func bursts(_ share: Double, length: Double) -> BurstLoss {
    BurstLoss(
      goodToBad: share / (1 - share) / length, badToGood: 1 / length, lossInBad: 1)
  }

  mutating func isLost(_ random: inout SeededRandom) -> Bool {
    if random.unit() < (isBad ? badToGood : goodToBad) { isBad.toggle() }
    return random.unit() < (isBad ? lossInBad : lossInGood)
  }
}

extension SeededRandom {
  /// 0 ..< 1
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

/// A path to a viewer, and back for feedback.
struct PathProfile {
  /// bits/s at a time in milliseconds.
  var rate: (Int64) -> Double
  /// What the queue holds in front of the bottleneck, octets.
  var queue = 60_000
  /// One way, without queues, milliseconds.
  var delay = 20.0
  /// Further delay, evenly spread from 0 to this; the order is kept.
  var jitter = 0.0
  var loss = BurstLoss()
  /// The way back, milliseconds.
  var feedbackDelay = 20.0
  var feedbackLoss = 0.0

  static func constant(_ rate: Double) -> PathProfile { PathProfile(rate: { _ in rate }) }
}
