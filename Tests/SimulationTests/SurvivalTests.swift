import Congestion
import MediaEngine
import Simulation
import Testing
import Wire

/// The scenarios that real browsers are held to (Docs/Network.md), under virtual time.
struct SurvivalTests {
  typealias Call = NarrowPathTests.Call

  @Test(
    "A path that gets 130 ms longer, with 50 ms of jitter and 2 % loss, has its picture again",
    arguments: Seeds.first(12))
  func farWithJitter(seed: UInt64) throws {
    let way = LinkConditions(
      loss: .uniform(0.02), delay: .milliseconds(150), jitter: .milliseconds(50))
    let call = try Call(seed: seed, viewers: [.perfect], bitrate: 750_000)
    call.scenario.run(for: .seconds(6))
    call.change(0, to: way, up: way)
    call.scenario.run(for: .seconds(30))
    #expect(call.steps(0).last.map { $0.step == .full } ?? true, call.scenario.replay)
    let end = call.scenario.now
    #expect(call.videoRate(0, from: end + .seconds(-10), to: end) > 500_000, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "Where sound alone fills a path, its queue is not taken for a longer path",
    arguments: Seeds.first(8))
  func fullOfSound(seed: UInt64) throws {
    let call = try Call(seed: seed, viewers: [.perfect], bitrate: 750_000)
    call.scenario.run(for: .seconds(6))
    call.change(0, to: NarrowPathTests.link(70_000, queue: 20_000))
    call.scenario.run(for: .seconds(10))
    let waits = call.run(.seconds(40), watching: 0)
    let late = waits.filter { $0 > .milliseconds(400) }.count
    #expect(late * 10 < waits.count, "\(call.scenario.replay): \(waits)")
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "After seconds without a packet the picture is back within a second of the path",
    arguments: Seeds.first(8), [2, 5, 15] as [Int64])
  func cut(seed: UInt64, seconds: Int64) throws {
    let way = LinkConditions(delay: .milliseconds(20))
    let none = LinkConditions(loss: .uniform(1), delay: .milliseconds(20))
    let call = try Call(seed: seed, viewers: [way], bitrate: 750_000)
    call.scenario.run(for: .seconds(8))
    call.change(0, to: none, up: none)
    call.scenario.run(for: .seconds(seconds))
    call.change(0, to: way, up: way)
    let back = call.scenario.now
    call.scenario.run(for: .seconds(10))
    for (what, ssrc) in [("picture", Call.video), ("sound", Call.audio)] {
      let first = call.viewers[0].peer.received(ssrc).first { $0.arrival > back }
      let wait = try #require(first, "\(call.scenario.replay): no \(what)").arrival - back
      #expect(wait < .seconds(1), "\(call.scenario.replay): \(what) \(wait)")
    }
    call.checkAlways()
    call.checkNoLeak()
  }
}
