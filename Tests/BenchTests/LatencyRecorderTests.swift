import Testing
import Wire

@testable import Bench

@Suite struct LatencyRecorderTests {
  @Test("what is taken from a recorder is what a histogram of the same samples holds")
  func same() {
    var random = SeededRandom(seed: 3)
    let recorder = LatencyRecorder()
    defer { recorder.deallocate() }
    var taken = LatencyHistogram()
    var direct = LatencyHistogram()
    for _ in 0..<3 {
      for _ in 0..<1_000 {
        let sample = Int64(random.next() % 50_000_000) - 1_000
        recorder.record(sample)
        direct.record(sample)
      }
      taken.add(recorder.take())
    }
    #expect(recorder.take().count == 0)
    #expect(taken.count == direct.count)
    #expect(taken.maximum == direct.maximum)
    #expect(abs(taken.mean - direct.mean) < 1)
    for quantile in [0.0, 0.01, 0.5, 0.99, 1.0] {
      #expect(taken.value(at: quantile) == direct.value(at: quantile))
    }
  }
}
