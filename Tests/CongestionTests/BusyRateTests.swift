import Testing

@testable import Congestion

@Suite struct BusyRateTests {
  /// A packet of 1250 octets each 20 ms: 500 kbit/s.
  private func fill(_ rate: inout BusyRate, from start: Int64, count: Int64, hasWaited: Bool = true)
  {
    for i in 0..<count {
      rate.add(arrived: start + i * 20_000, length: 1250, hasWaited: hasWaited)
    }
  }

  @Test(
    "packets in a queue tell what the path carries after a tenth of a second, whatever came before")
  func measured() {
    var rate = BusyRate()
    fill(&rate, from: 0, count: 50, hasWaited: false)
    #expect(rate.rate == nil)
    fill(&rate, from: 1_000_000, count: 5)
    #expect(rate.rate == nil, "80 ms")
    fill(&rate, from: 1_100_000, count: 1)
    #expect(rate.rate == 500_000)
  }

  @Test("one packet that did not wait ends it: the path was idle")
  func idle() {
    var rate = BusyRate()
    fill(&rate, from: 0, count: 30)
    #expect(rate.rate == 500_000)
    rate.add(arrived: 600_000, length: 1250, hasWaited: false)
    #expect(rate.rate == nil)
  }

  @Test("a path that becomes narrower while its queue stands is known a quarter of a second later")
  func narrower() throws {
    var rate = BusyRate()
    fill(&rate, from: 0, count: 50)
    for i in 1...7 {
      rate.add(arrived: 980_000 + Int64(i) * 100_000, length: 1250, hasWaited: true)
    }
    #expect(try #require(rate.rate) == 100_000)
  }

  @Test(
    "arrivals out of order or far apart, as hostile feedback has them, begin anew and never trap")
  func hostile() {
    var rate = BusyRate()
    for arrived in [0, Int64.max / 2, -5, Int64.min / 2, 7, 1 << 50, 8] {
      rate.add(arrived: arrived, length: Int.max / 4, hasWaited: true)
    }
    #expect(rate.rate == nil)
  }
}
