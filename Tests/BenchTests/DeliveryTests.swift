import Testing
import Wire

@testable import Bench

@Suite struct DeliveryTests {
  private func snapshot(_ indices: [UInt32], last: Int64? = nil) -> GeneratorSnapshot {
    var audit = SequenceAudit()
    for index in indices { audit.note(index, isRetransmission: false) }
    var counts = DeliveryCounts()
    counts.add(audit, last: last)
    var snapshot = GeneratorSnapshot(at: MediaInstant(nanoseconds: 0))
    snapshot.cohorts = [CohortSnapshot(video: counts)]
    return snapshot
  }

  @Test("what was lost before an interval is not its loss")
  func before() {
    let first = snapshot([0, 1, 5])
    let delivered = snapshot([0, 1, 5, 6, 8], last: 9).delivered(since: first)
    #expect(delivered.lostBefore == 3)
    #expect(delivered.video.expected == 4)
    #expect(delivered.video.received == 2)
    #expect(delivered.video.lost == 2)
  }

  @Test("what was on its way when an interval began is neither lost nor received twice")
  func late() {
    let first = snapshot([0, 1, 5])
    let delivered = snapshot([0, 1, 5, 2, 3, 6]).delivered(since: first)
    #expect(delivered.lostBefore == 1)
    #expect(delivered.video.lost == 0)
    #expect(delivered.video.expected == 1)
    #expect(delivered.video.received == 1)
  }
}
