/// Packets that did not come, of all that should have.
struct PacketLoss {
  private var lost = 0
  private var all = 0

  /// 0...100; below zero when more came late than were missed; zero of nothing.
  var percent: Float { all > 0 ? Float(lost) / Float(all) * 100 : 0 }

  /// - Parameter lost: below zero when more came late than were missed.
  mutating func add(lost: Int, of all: Int) {
    self.lost += lost
    self.all += all
  }

  mutating func add(_ other: Self) { add(lost: other.lost, of: other.all) }
}
