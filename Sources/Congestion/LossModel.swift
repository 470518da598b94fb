internal import Glibc

/// How well a pair of inherent loss and capacity explains what was lost
/// (the idea of the loss-based estimator that later practice put in place of
/// draft-ietf-rmcat-gcc-02 section 6, reduced to a search over a grid).
///
/// A path loses the share p of everything, whatever is sent, and of what exceeds its capacity B all:
/// at the rate s the loss is p + (1 - p) * max(0, s - B) / s. Each observation is the outcome of as many
/// throws as it had packets; the pair with the largest (weighted) logarithm of the likelihood is taken.
enum LossModel {
  /// What was sent in a quarter of a second or more, and what became of it.
  struct Observation: Hashable {
    var packets = 0.0
    var lost = 0.0
    /// bits/s
    var rate = 0.0
    /// A queue was standing: then loss is not the path's nature.
    var isQueueing = false
    /// When its last packet was sent, and the time from its first to that, microseconds.
    var sent: Int64 = 0
    var span: Int64 = 0
  }

  /// Inherent loss that is considered. More than this is always taken as congestion.
  static let inherent: [14 of Double] = [
    0.001, 0.005, 0.01, 0.02, 0.035, 0.05, 0.07, 0.09, 0.11, 0.14, 0.17, 0.20, 0.25, 0.30,
  ]
  /// Highest inherent loss where a queue stood.
  static let inherentWhileQueueing = 0.03
  /// What a packet is worth against an independent throw: less, the longer the runs are in which packets
  /// are lost; the variance of their number grows with twice the length.
  static func independence(run: Double) -> Double { min(max(0.35 / (2 * run - 1), 0.02), 0.2) }
  /// The same where a queue overflows, which makes runs of its own.
  static let independenceWhileQueueing = 0.15
  /// Weight of an observation against the one after it.
  static let ageing = 0.93
  /// How much better (natural logarithm) a limit must explain the losses than none.
  static let significance = 2.0
  /// A smaller inherent loss is preferred, weakly.
  static let reluctance = 0.5

  /// How well `capacity` explains `observations` (oldest first) and what was remembered as clean, with
  /// the inherent loss that suits it best. `run` = how many packets are lost in a row, on average.
  static func fit(
    capacity: Double, _ observations: UnsafeBufferPointer<Observation>, _ clean: Observation,
    run: Double
  ) -> (score: Double, inherent: Double) {
    let independence = independence(run: run)
    var best = (score: -Double.infinity, inherent: 0.0)
    for i in Self.inherent.indices {
      let inherent = Self.inherent[i]
      var age = 1.0
      var score = -reluctance * inherent + independence * likelihood(clean, capacity, inherent)
      for observation in observations.reversed() {
        let weight =
          observation.isQueueing ? max(independence, independenceWhileQueueing) : independence
        score += weight * age * likelihood(observation, capacity, inherent)
        age *= ageing
      }
      if score > best.score { best = (score, inherent) }
    }
    return best
  }

  /// The logarithm.
  private static func likelihood(
    _ observation: Observation, _ capacity: Double, _ inherent: Double
  ) -> Double {
    guard observation.packets > 0 else { return 0 }
    let own = observation.isQueueing ? min(inherent, inherentWhileQueueing) : inherent
    let excess = max(0, observation.rate - capacity) / max(observation.rate, 1)
    let loss = min(max(own + (1 - own) * excess, 1e-6), 1 - 1e-6)
    return observation.lost * log(loss) + (observation.packets - observation.lost) * log(1 - loss)
  }
}
