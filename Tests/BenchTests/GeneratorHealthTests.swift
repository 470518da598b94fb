import Testing
import Wire

@testable import Bench

@Suite struct GeneratorHealthTests {
  /// A second in which the thread was busy for `busy` ms.
  private func health(
    busy: Int64, late: Int64 = 0, retransmitted: UInt64 = 0, serverDrops: Int64 = 0
  ) -> LoadReport.GeneratorHealth {
    let first = GeneratorSnapshot(at: MediaInstant(nanoseconds: 0))
    var last = GeneratorSnapshot(at: MediaInstant(nanoseconds: 1_000_000_000))
    last.threadTime = busy * 1_000_000
    last.traffic.rtpSent = 1_000
    last.traffic.retransmissionsSent = retransmitted
    for _ in 0..<100 { last.lateness.record(late * 1_000_000) }
    return LoadSession.health(first, last, serverDrops: serverDrops)
  }

  @Test("a busy thread and late packets are saturation")
  func saturation() {
    #expect(!health(busy: 800).isSaturated)
    #expect(health(busy: 950).reasons == ["its media thread used 95 % of a core"])
    #expect(health(busy: 100, late: 20).isSaturated)
  }

  @Test("a thread that is busy, but in time, with what an overloaded server asks for again is not")
  func answers() {
    #expect(!health(busy: 950, retransmitted: 400, serverDrops: 9).isSaturated)
    #expect(health(busy: 950, retransmitted: 400).isSaturated)
    #expect(health(busy: 950, retransmitted: 10, serverDrops: 9).isSaturated)
    #expect(health(busy: 950, late: 20, retransmitted: 400, serverDrops: 9).reasons.count == 2)
  }
}
