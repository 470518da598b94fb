import Testing
import Wire

@testable import Forwarding

struct ReceptionStatisticsTests {
  static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: milliseconds * 1_000_000)
  }

  static func note(
    _ statistics: inout ReceptionStatistics, _ sequence: UInt16
  ) -> ReceptionStatistics.Verdict {
    statistics.note(sequenceNumber: sequence, timestamp: 0, arrival: at(0))
  }

  @Test("250 expected and 245 received are a fraction of 5/256, vector V3")
  func fraction() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    for i in 0..<250 where ![10, 50, 90, 130, 200].contains(i) {
      _ = Self.note(&statistics, UInt16(i))
    }
    let block = try some(statistics.makeReportBlock(ssrc: SSRC(7), now: Self.at(1)))
    #expect(block.fractionLost == 5)
    #expect(block.cumulativeLost == 5)
    #expect(block.extendedHighest == 249)
    #expect(block.lastSR == 0)
    // The next interval is whole.
    for i in 250..<300 { _ = Self.note(&statistics, UInt16(i)) }
    let next = try some(statistics.makeReportBlock(ssrc: SSRC(7), now: Self.at(2)))
    #expect(next.fractionLost == 0)
    #expect(next.cumulativeLost == 5)
  }

  @Test("Cycles go into the extended highest sequence number and indices keep their low 16 bits")
  func cycles() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    var sequence: UInt16 = 65_500
    var last: Int64?
    for _ in 0..<100 {
      guard
        case .accepted(let index) = last == nil
          ? { () -> ReceptionStatistics.Verdict in
            if case .restarted(let i) = Self.note(&statistics, sequence) {
              return .accepted(index: i)
            }
            return .suspended
          }() : Self.note(&statistics, sequence)
      else {
        Issue.record("not accepted")
        return
      }
      #expect(UInt16(truncatingIfNeeded: index) == sequence)
      if let last { #expect(index == last + 1) }
      last = index
      sequence &+= 1
    }
    let block = try some(statistics.makeReportBlock(ssrc: SSRC(7), now: Self.at(1)))
    #expect(block.extendedHighest == 1 << 16 | 63)
    #expect(block.cumulativeLost == 0)
  }

  @Test("A jump is taken only when the next packet continues it, and begins a new range of indices")
  func jump() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    _ = Self.note(&statistics, 100)
    let before = try #require(statistics.highest)
    #expect(Self.note(&statistics, 40_000) == .suspended)
    #expect(Self.note(&statistics, 101) == .accepted(index: before + 1))
    #expect(Self.note(&statistics, 20_000) == .suspended)
    guard case .restarted(let index) = Self.note(&statistics, 20_001) else {
      Issue.record("no restart")
      return
    }
    #expect(index > before + 65_536)
    #expect(UInt16(truncatingIfNeeded: index) == 20_001)
    #expect(statistics.lost == 0)
  }

  @Test("A late packet keeps its place and is not lost any more")
  func late() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    _ = Self.note(&statistics, 10)
    let first = try #require(statistics.highest)
    _ = Self.note(&statistics, 13)
    #expect(statistics.lost == 2)
    #expect(Self.note(&statistics, 11) == .accepted(index: first + 1))
    #expect(statistics.lost == 1)
  }

  @Test("A retransmission finds its place, but not far ahead and not before the stream")
  func retransmission() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    #expect(statistics.index(of: 5) == nil)
    _ = Self.note(&statistics, 10)
    let first = try #require(statistics.highest)
    _ = Self.note(&statistics, 20)
    #expect(statistics.index(of: 15) == first + 5)
    #expect(statistics.index(of: 25) == first + 15)
    #expect(statistics.index(of: 2000) == nil)
    #expect(statistics.index(of: 9) == nil)
  }

  @Test("A report block echoes the last sender report and the time since")
  func senderReport() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    _ = Self.note(&statistics, 10)
    statistics.noteSenderReport(
      NTPTimestamp(seconds: 0xAABB_CCDD, fraction: 0x1122_3344), arrival: Self.at(1000))
    let block = try some(statistics.makeReportBlock(ssrc: SSRC(7), now: Self.at(1500)))
    #expect(block.lastSR == 0xCCDD_1122)
    #expect(block.delaySinceLastSR == 32_768)
  }
}
