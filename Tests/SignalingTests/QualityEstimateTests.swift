import Simulation
import Testing
import Wire

@testable import Signaling

/// What the monitor tells of paths against what the simulated network was set to, and did.
@Suite("Estimates of the quality monitor")
struct QualityEstimateTests {
  private struct Told {
    var uplinkLoss = 0.0
    var downlinkLoss = 0.0
    var uplinkJitter = 0.0
    var downlinkJitter = 0.0
    var roundTrip = 0.0
    var uplinkRate = 0.0
  }

  /// The means of a minute of a patient on such paths, from the series of which the page is drawn.
  private static func measure(
    _ call: SimulatedCall, up: LinkConditions, down: LinkConditions
  ) async throws -> Told {
    let patient = call.members[0].peer
    call.scenario.network.change(patient.address, up: up, down: down)
    try await call.run(60)
    let person = try #require(
      await call.monitor.detail(of: call.id)?.participants.first { $0.id == "p_0" })
    let series = try #require(person.series)
    func mean(_ values: [Double]) -> Double {
      let last = values.suffix(10)
      return last.reduce(0, +) / Double(last.count)
    }
    return Told(
      uplinkLoss: mean(series.uplinkLoss), downlinkLoss: mean(series.downlinkLoss),
      uplinkJitter: mean(series.uplinkJitter), downlinkJitter: mean(series.downlinkJitter),
      roundTrip: mean(series.roundTrip), uplinkRate: mean(series.uplinkRate))
  }

  @Test("loss on either way is told within 10 % of what was lost", arguments: [3, 8, 15])
  func loss(_ percent: Int) async throws {
    let call = try await SimulatedCall(seed: UInt64(percent))
    let lossy = LinkConditions(loss: .uniform(Double(percent) / 100))
    let patient = call.members[0].peer.address
    try await call.run(10)
    let before = call.scenario.network.losses(of: patient)
    let told = try await Self.measure(call, up: lossy, down: lossy)
    let after = call.scenario.network.losses(of: patient)
    let up =
      Double(after.up.lost - before.up.lost) / Double(after.up.offered - before.up.offered) * 100
    let down =
      Double(after.down.lost - before.down.lost)
      / Double(after.down.offered - before.down.offered) * 100
    #expect(abs(told.uplinkLoss - up) < up * 0.1, "\(told.uplinkLoss) of \(up)")
    #expect(abs(told.downlinkLoss - down) < down * 0.1, "\(told.downlinkLoss) of \(down)")
  }

  @Test("a round trip is told within 10 % or 2 ms", arguments: [5, 40, 150] as [Int64])
  func roundTrip(_ delay: Int64) async throws {
    let call = try await SimulatedCall(seed: UInt64(delay))
    let path = LinkConditions(delay: .milliseconds(delay))
    let told = try await Self.measure(call, up: path, down: path)
    let truth = Double(delay) * 2
    #expect(abs(told.roundTrip - truth) < max(2, truth * 0.1), "\(told.roundTrip) of \(truth)")
  }

  /// Delays that are even between none and so much, and no packet overtakes another: the mean difference
  /// of two is a third of that.
  @Test("jitter on either way is told within 10 %", arguments: [6, 18] as [Int64])
  func jitter(_ most: Int64) async throws {
    let call = try await SimulatedCall(seed: UInt64(most))
    var shaken = LinkConditions(jitter: .milliseconds(most))
    shaken.keepsOrder = false
    let told = try await Self.measure(call, up: shaken, down: shaken)
    let truth = Double(most) / 3
    #expect(abs(told.uplinkJitter - truth) < truth * 0.1, "\(told.uplinkJitter) of \(truth)")
    // That of the way to it is what its receiver tells less what had come to us so already.
    #expect(abs(told.downlinkJitter - truth) < truth * 0.1, "\(told.downlinkJitter) of \(truth)")
  }

  @Test("the rate of what is sent is told within 10 %")
  func rate() async throws {
    let call = try await SimulatedCall(seed: 5)
    let patient = call.members[0].peer
    try await call.run(10)
    func sent() -> UInt32 {
      patient.octetCount(stream: SimulatedCall.camera)
        + patient.octetCount(stream: SimulatedCall.microphone)
    }
    let before = sent()
    let told = try await Self.measure(call, up: .perfect, down: .perfect)
    let truth = Double(sent() - before) * 8 / 60 / 1000
    #expect(abs(told.uplinkRate - truth) < truth * 0.1, "\(told.uplinkRate) of \(truth)")
  }
}
