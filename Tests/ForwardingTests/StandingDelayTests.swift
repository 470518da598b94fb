import Testing
import Wire

@testable import Forwarding

struct StandingDelayTests {
  /// Packets each 20 ms that take so long on the way, in order of sending; none overtakes when `isQueue`.
  private func measure(
    seconds: Int, isQueue: Bool = false, _ delay: (_ packet: Int) -> Int64
  ) -> ReceptionStatistics {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    var arrivals: [(at: Int64, packet: Int)] = []
    var latest: Int64 = 0
    for packet in 0..<(seconds * 50) {
      var at = Int64(packet) * 20_000 + delay(packet)
      if isQueue { at = max(at, latest) }
      latest = max(latest, at)
      arrivals.append((at, packet))
    }
    for (at, packet) in arrivals.sorted(by: { ($0.at, $0.packet) < ($1.at, $1.packet) }) {
      _ = statistics.note(
        sequenceNumber: UInt16(truncatingIfNeeded: packet), timestamp: UInt32(packet * 960),
        arrival: MediaInstant(nanoseconds: 1_000_000_000) + .microseconds(at))
    }
    return statistics
  }

  @Test("delays that vary evenly between none and so much spread by half of that", arguments: 1...5)
  func spread(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for most: Int64 in [40_000, 120_000, 300_000] {
      let seen = measure(seconds: 12) { _ in Int64.random(in: 0...most, using: &random) }
      let half = Double(most) / 2
      // Of 50 packets of a second: three standard errors.
      #expect(abs(Double(seen.spread.microseconds) - half) < half * 0.27, "\(most)")
      #expect(seen.queue < .milliseconds(30))
      // Those that the very first one overtook count as more than was due.
      #expect(seen.lost <= 0)
    }
  }

  @Test("a queue that stands is no spread, and an even path has none")
  func queue() {
    let standing = measure(seconds: 12, isQueue: true) { $0 > 200 ? 250_000 : 20_000 }
    #expect(standing.queue == .milliseconds(230))
    #expect(standing.spread < .milliseconds(1))
    #expect(measure(seconds: 4) { _ in 20_000 }.spread < .milliseconds(1))
  }
}
