import Glibc
import Testing

@testable import Signaling

/// The quality monitor on real workers and a simulated network: the faults are those of paths.
@Suite("The quality monitor on simulated paths")
struct QualitySimulationTests {
  /// `VISAVIS_FAULT_SEEDS` as in `InjectedFaultTests`.
  private static let seeds: [UInt64] =
    getenv("VISAVIS_FAULT_SEEDS").flatMap { UInt64(String(cString: $0)) }.map { Array(1...$0) } ?? [
      3
    ]

  @Test("Ten minutes on ordinary paths have no incident", arguments: seeds)
  func clean(_ seed: UInt64) async throws {
    let call = try await SimulatedCall(seed: seed)
    if seed % 2 == 1 { call.set(.ordinaryPath) }
    try await call.run(600)
    #expect(await call.found().isEmpty)
    let detail = try #require(await call.monitor.detail(of: call.id))
    #expect(detail.directions.count == 2)
    #expect(detail.directions.allSatisfy { ($0.sound.mean ?? 0) > 3.8 })
  }
}
