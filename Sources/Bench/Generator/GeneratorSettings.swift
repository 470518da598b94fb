internal import Wire

/// What goes wrong on the way, in both directions, made by the load generator itself.
struct Impairment: Hashable, Sendable, Codable {
  /// 0...1
  var loss: Double = 0
  /// Milliseconds, one way.
  var delay: Double = 0
  /// Milliseconds: the delay varies by up to so much either way, evenly; nothing overtakes.
  var jitter: Double = 0

  var isNothing: Bool { loss == 0 && delay == 0 && jitter == 0 }
}

struct GeneratorSettings: Sendable {
  var impairment = Impairment()
  /// By cohort: the paths of its participants. Empty: what `impairment` says, and nothing adapts to it.
  var paths: [PathSchedule] = []
  var seed: UInt64 = 1
  /// Groups of participants that are counted apart.
  var cohorts = 1
  /// Octets of the receive buffer of each socket.
  var socketBuffer = 1 << 20
}
