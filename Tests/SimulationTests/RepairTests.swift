import Simulation
import Testing
import Transport
import Wire

/// How late a viewer has what was lost on the way.
@Suite struct RepairTests {
  @Test(
    "At 10 % loss on the way to the viewer one packet a minute is more than 150 ms late at most",
    arguments: Seeds.first(6))
  func late(seed: UInt64) throws {
    let call = try NarrowPathTests.Call(
      seed: seed, viewers: [NarrowPathTests.link(nil, loss: 0.1)], bitrate: 900_000)
    call.scenario.run(for: .seconds(5))
    let start = call.scenario.now
    call.scenario.run(for: .seconds(60))
    let packets = call.viewers[0].peer.received(NarrowPathTests.Call.video).filter {
      $0.arrival >= start
    }
    #expect(packets.count > 5000)
    // Behind the first of the newer ones.
    var soonest = MediaInstant(nanoseconds: .max)
    var late = 0
    for packet in packets.reversed() {
      if packet.arrival > soonest, packet.arrival - soonest > .milliseconds(150) { late += 1 }
      soonest = min(soonest, packet.arrival)
    }
    #expect(late <= 1, "\(call.scenario.replay): \(late)")
  }
}
