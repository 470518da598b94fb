import Congestion
import MediaEngine
import Simulation
import Testing
import Wire

/// Sound on paths that carry hardly more than sound. The publisher does what it is asked for.
struct SoundBudgetTests {
  private typealias Call = NarrowPathTests.Call

  /// Runs and returns the budgets that the publisher was asked for.
  private static func run(_ call: Call, _ span: MediaDuration, from seen: inout Int) -> [SoundRate]
  {
    var rates: [SoundRate] = []
    let end = call.scenario.now + span
    while call.scenario.now < end {
      call.scenario.run(for: .milliseconds(100))
      for (_, event) in call.scenario.events[seen...] {
        guard case .soundLimited(_, let rate) = event else { continue }
        rates.append(rate)
        call.patient.peer.setSound(stream: 2, bitrate: rate.bitrate, packetTime: rate.packetTime)
      }
      seen = call.scenario.events.count
    }
    return rates
  }

  @Test(
    "At 80 kbit/s all of the sound comes, in time; on a wide path it is ample again",
    arguments: Seeds.first(4))
  func eighty(seed: UInt64) throws {
    let call = try Call(
      seed: seed, viewers: [NarrowPathTests.link(80_000, queue: 20_000)], bitrate: 600_000)
    call.patient.peer.setSound(stream: 2, bitrate: 48_000, packetTime: 20)
    var seen = 0
    _ = Self.run(call, .seconds(15), from: &seen)
    let before = call.scenario.now
    let sent = call.patient.peer.packetCount(stream: 2)
    _ = Self.run(call, .seconds(20), from: &seen)
    let heard = call.viewers[0].peer.received(Call.audio).filter { $0.arrival > before }
    let count = Int(call.patient.peer.packetCount(stream: 2) - sent)
    #expect(heard.count >= count * 98 / 100, "\(call.scenario.replay): \(heard.count) of \(count)")
    call.change(0, to: NarrowPathTests.link(2_000_000))
    let rates = Self.run(call, .seconds(60), from: &seen)
    #expect(rates.last == .ample, "\(call.scenario.replay): \(rates)")
    #expect(call.steps(0).last?.step == .full, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "At 40 kbit/s and 20 % loss nothing but the loss is missing", arguments: Seeds.first(4))
  func forty(seed: UInt64) throws {
    let call = try Call(
      seed: seed, viewers: [NarrowPathTests.link(40_000, loss: 0.2, queue: 10_000)],
      bitrate: 600_000)
    call.patient.peer.setSound(stream: 2, bitrate: 48_000, packetTime: 20)
    var seen = 0
    let rates = Self.run(call, .seconds(20), from: &seen)
    #expect(rates.contains(.least), "\(call.scenario.replay): \(rates)")
    #expect(call.steps(0).last?.step.hasVideo == false, call.scenario.replay)
    let before = call.scenario.now
    let sent = call.patient.peer.packetCount(stream: 2)
    _ = Self.run(call, .seconds(30), from: &seen)
    let heard = call.viewers[0].peer.received(Call.audio).filter { $0.arrival > before }
    let count = Int(call.patient.peer.packetCount(stream: 2) - sent)
    #expect(
      Double(heard.count) >= Double(count) * 0.74,
      "\(call.scenario.replay): \(heard.count) of \(count)")
    call.change(0, to: NarrowPathTests.link(2_000_000))
    let back = Self.run(call, .seconds(60), from: &seen)
    #expect(back.last == .ample, "\(call.scenario.replay): \(back)")
    #expect(call.steps(0).last?.step == .full, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }
}
