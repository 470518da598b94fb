import Testing
import Wire

@testable import Bench

@Suite struct LatencyHistogramTests {
  @Test("a percentile is the sample of that rank, at most 1/128 too large")
  func percentiles() {
    var random = SeededRandom(seed: 4)
    var samples: [Int64] = []
    var histogram = LatencyHistogram()
    for _ in 0..<20_000 {
      let value = Int64(random.next() >> (1 + random.next() % 50))
      samples.append(value)
      histogram.record(value)
    }
    samples.sort()
    for quantile in [0.001, 0.25, 0.5, 0.95, 0.99, 0.999, 1] {
      let rank = max(1, Int((Double(samples.count) * quantile).rounded(.up)))
      let exact = samples[rank - 1]
      let value = histogram.value(at: quantile)
      #expect(value >= exact)
      #expect(Double(value - exact) <= Double(exact) / 128 + 1)
    }
    #expect(histogram.maximum == samples.last)
    #expect(histogram.minimum == samples.first)
  }

  @Test("every duration lies in its bucket, the longest and the shortest too")
  func buckets() {
    for value in [0, 1, 255, 256, 257, 1_000_000, Int64.max / 2, .max] as [Int64] {
      let bucket = LatencyHistogram.bucket(value)
      #expect(LatencyHistogram.upperEnd(bucket) >= value)
      if bucket > 0 { #expect(LatencyHistogram.upperEnd(bucket - 1) < value) }
    }
  }

  @Test("two histograms together are as one of all samples; nothing gives nothing")
  func addition() {
    var one = LatencyHistogram()
    var other = LatencyHistogram()
    var all = LatencyHistogram()
    #expect(one.value(at: 0.5) == 0)
    one.record(-5)
    all.record(0)
    for value in stride(from: Int64(10), to: 100_000, by: 777) {
      if value % 2 == 0 { one.record(value) } else { other.record(value) }
      all.record(value)
    }
    one.add(other)
    one.add(LatencyHistogram())
    for quantile in [0.01, 0.5, 0.99, 1] {
      #expect(one.value(at: quantile) == all.value(at: quantile))
    }
    #expect(one.count == all.count)
    one.removeAll()
    #expect(one.count == 0 && one.maximum == 0 && one.value(at: 1) == 0)
  }
}
