import Testing
import Wire

@testable import Congestion

struct DelaySpreadTests {
  /// A packet each 20 ms, whose delays are told in the order in which they arrive.
  private static func spread(_ delays: (Int) -> Int64, count: Int = 500) -> MediaDuration {
    var spread = DelaySpread()
    let sent = (0..<count).map { Int64($0) * 20_000 }
    let packets = sent.enumerated().map { (sent: $1, arrived: $1 + delays($0)) }
    for packet in packets.sorted(by: { $0.arrived < $1.arrived }) {
      spread.add(sent: packet.sent, arrived: packet.arrived)
    }
    return spread.value
  }

  @Test("Packets that overtake each other count, as their delays vary")
  func overtaking() {
    var random = SeededRandom(seed: 4)
    let found = Self.spread { _ in Int64.random(in: 40_000...340_000, using: &random) }
    #expect(abs(found.milliseconds - 150) < 30)
  }

  @Test("A path that is long, or whose clock is ahead, varies no more for that")
  func steady() {
    #expect(Self.spread { _ in 400_000 } == .zero)
    #expect(Self.spread { _ in -5_000_000_000 } == .zero)
    #expect(Self.spread({ _ in 400_000 }, count: 5) == .zero)
  }

  @Test("A queue that fills and stays is no jitter")
  func queue() {
    for count in [60, 110, 160, 260, 400] {
      let found = Self.spread({ Int64(min(max($0 - 50, 0), 150)) * 4_000 }, count: count)
      #expect(found < .milliseconds(110), "\(count)")
      #expect(count < 160 || found == .zero, "\(count)")
    }
  }

  @Test("It is of the last second alone")
  func forgetting() {
    var random = SeededRandom(seed: 5)
    let found = Self.spread { $0 < 200 ? Int64.random(in: 0...300_000, using: &random) : 40_000 }
    #expect(found == .zero)
  }
}
