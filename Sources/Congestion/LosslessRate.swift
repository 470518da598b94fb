/// What went through without loss in the last half minute, remembered beyond the window of
/// `LossEstimator`: otherwise a rate that creeps above a policer's would teach, step by step, that loss
/// is the path's nature.
///
/// Only a longer stretch counts: between bursts of losses every path is clean, for a moment.
struct LosslessRate {
  static let tolerated = 0.01
  /// Observations.
  static let life = 120
  static let shortest = 4
  static let packets = 150.0

  /// The highest clean rate of late; no packets = none.
  private(set) var best = LossModel.Observation()
  private var age = 0
  private var stretch = LossModel.Observation()
  private var length = 0

  mutating func add(_ new: LossModel.Observation) {
    age += 1
    if age > Self.life { best = LossModel.Observation() }
    let packets = max(stretch.packets + new.packets, 1)
    stretch.rate = (stretch.rate * stretch.packets + new.rate * new.packets) / packets
    stretch.packets = packets
    stretch.lost += new.lost
    length += 1
    guard stretch.lost <= stretch.packets * Self.tolerated else { return restart() }
    guard length >= Self.shortest, stretch.packets >= Self.packets else { return }
    if best.packets == 0 || stretch.rate > best.rate * 0.9 || age > Self.life / 3 {
      best = stretch
      age = 0
    }
    restart()
  }

  private mutating func restart() {
    stretch = LossModel.Observation()
    length = 0
  }
}
