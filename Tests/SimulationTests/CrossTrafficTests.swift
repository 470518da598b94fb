import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// Viewers who share their bottleneck with what others at home do.
struct CrossTrafficTests {
  typealias Call = NarrowPathTests.Call

  static func link(others: Int64) -> LinkConditions {
    var link = NarrowPathTests.link(2_000_000)
    link.crossTraffic = others
    return link
  }

  @Test(
    "Beside 1.2 of 2 Mbit/s the queue drains in 3 s, sound is whole and the picture stays; then it takes the path again",
    arguments: Seeds.first(4))
  func besideOthers(seed: UInt64) throws {
    let call = try Call(seed: seed, viewers: [Self.link(others: 0)], bitrate: 2_500_000)
    call.scenario.run(for: .seconds(15))
    call.change(0, to: Self.link(others: 1_200_000))
    let begin = call.scenario.now
    let waits = call.run(.seconds(20), watching: 0)
    let end = call.scenario.now
    // The others' own bursts wait some tens of milliseconds by themselves.
    let long = waits[30...].filter { $0 >= .milliseconds(200) }
    #expect(long.count <= 2, "\(call.scenario.replay): \(waits)")
    let sound = call.viewers[0].peer.received(Call.audio).filter {
      $0.arrival > begin + .seconds(3) && $0.arrival <= end
    }
    #expect(sound.count > 840, "\(call.scenario.replay): \(sound.count) of 850")
    let picture = call.videoRate(0, from: begin + .seconds(10), to: end)
    #expect(picture > 300_000, "\(call.scenario.replay): \(picture)")
    #expect(picture < 900_000, "\(call.scenario.replay): \(picture)")
    call.change(0, to: Self.link(others: 0))
    call.scenario.run(for: .seconds(15))
    let again = call.videoRate(
      0, from: call.scenario.now + .seconds(-5), to: call.scenario.now)
    #expect(again >= 0.7 * 2_000_000, "\(call.scenario.replay): \(again)")
    #expect(call.steps(0).isEmpty, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "Others who come and go every 4 s leave the sound whole and the picture on",
    arguments: Seeds.first(4))
  func comingAndGoing(seed: UInt64) throws {
    let call = try Call(seed: seed, viewers: [Self.link(others: 0)], bitrate: 1_500_000)
    call.scenario.run(for: .seconds(15))
    let begin = call.scenario.now
    for turn in 0..<10 {
      call.change(0, to: Self.link(others: turn.isMultiple(of: 2) ? 1_500_000 : 0))
      call.scenario.run(for: .seconds(4))
    }
    let sound = call.viewers[0].peer.received(Call.audio).filter { $0.arrival > begin }
    #expect(sound.count > 1940, "\(call.scenario.replay): \(sound.count) of 2000")
    let picture = call.videoRate(0, from: begin, to: call.scenario.now)
    #expect(picture > 250_000, "\(call.scenario.replay): \(picture)")
    call.checkAlways()
    call.checkNoLeak()
  }
}
