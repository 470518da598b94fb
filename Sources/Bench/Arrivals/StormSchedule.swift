internal import Wire

/// When the participants of a storm begin to join: any time of its minute is as likely as any other.
struct StormSchedule: Sendable {
  /// Seconds from the beginning of the storm, ascending.
  let times: [Double]

  init(participants: Int, seconds: Double, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    times = (0..<participants).map { _ in Double.random(in: 0..<seconds, using: &random) }.sorted()
  }

  /// The most that begin within one second.
  var peak: Int {
    var first = 0
    var most = 0
    for (last, time) in times.enumerated() {
      while time - times[first] > 1 { first += 1 }
      most = max(most, last - first + 1)
    }
    return most
  }
}
