import Testing
import Wire

@testable import Bench

@Suite struct EventQueueTests {
  @Test("what is due leaves in order of time, what is not stays")
  func order() {
    var random = SeededRandom(seed: 5)
    var queue = EventQueue<Int>()
    var times: [Int64] = []
    for i in 0..<3_000 {
      let due = Int64(random.next() % 10_000)
      times.append(due)
      queue.add(i, at: due)
    }
    var taken: [Int64] = []
    while let (due, event) = queue.take(until: 4_999) {
      #expect(times[event] == due)
      taken.append(due)
    }
    #expect(taken == times.filter { $0 <= 4_999 }.sorted())
    #expect(queue.nextDue == times.filter { $0 > 4_999 }.min())
    #expect(queue.count == times.count - taken.count)
  }
}
