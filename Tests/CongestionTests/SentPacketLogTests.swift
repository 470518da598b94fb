import Testing
import Wire

@testable import Congestion

@Suite struct SentPacketLogTests {
  private func log(_ range: Range<Int64>, capacity: Int = 64) -> SentPacketLog {
    var log = SentPacketLog(capacity: capacity)
    for sequence in range {
      log.packetSent(
        sequence: sequence, length: 100, kind: .video, probe: .none,
        at: milliseconds(sequence &* 10))
    }
    return log
  }

  @Test("a packet is reported once, with when it was sent and how long it is")
  func resolves() throws {
    var log = SentPacketLog()
    log.packetSent(
      sequence: 70_000, length: 777, kind: .audio, probe: ProbeCluster.ID(rawValue: 9),
      at: milliseconds(123_456))
    let found = log.resolve(UInt16(70_000 - 65_536), arrival: 5)
    let result = try #require(found)
    #expect(result.sequence == 70_000)
    #expect(result.sent == milliseconds(123_456))
    #expect(result.length == 777)
    #expect(result.kind == .audio)
    #expect(result.probe.rawValue == 9)
    #expect(!result.wasLost)
    let again = log.resolve(UInt16(70_000 - 65_536), arrival: 5)
    #expect(again == nil)
    let repeated = log.counters.repeated
    #expect(repeated == 1)
  }

  @Test("lost once, then late: both are told, neither twice")
  func late() throws {
    var log = log(0..<10)
    let lost = log.resolve(4, arrival: nil)
    #expect(lost?.arrival == nil && lost != nil)
    let twice = log.resolve(4, arrival: nil)
    #expect(twice == nil)
    let late = log.resolve(4, arrival: 99)
    #expect(late?.wasLost == true)
    #expect(late?.arrival == 99)
    let counters = log.counters
    #expect(counters.lost == 1)
    #expect(counters.late == 1)
    #expect(counters.received == 1)
  }

  @Test("packets of sound are counted among all and by themselves")
  func sound() {
    var log = SentPacketLog()
    for sequence in 0..<8 as Range<Int64> {
      log.packetSent(
        sequence: sequence, length: 100, kind: sequence % 2 == 0 ? .audio : .video, probe: .none,
        at: milliseconds(sequence &* 10))
    }
    for sequence in 0..<8 as Range<UInt16> {
      _ = log.resolve(sequence, arrival: sequence < 4 ? 9 : nil)
    }
    // Sent again under its own number.
    _ = log.resolve(4, arrival: 12)
    let counters = log.counters
    #expect(counters.received == 5 && counters.lost == 4 && counters.late == 1)
    #expect(counters.soundReceived == 3 && counters.soundLost == 2 && counters.soundLate == 1)
  }

  @Test("numbers that were never sent, or long ago, say nothing")
  func unknown() {
    var log = log(100..<300)
    for sequence in [UInt16(300), 20_000, 50, 99, 65_535, 235] {
      let result = log.resolve(sequence, arrival: 1)
      #expect(result == nil)
    }
    let newest = log.resolve(299, arrival: 1)
    let oldest = log.resolve(236, arrival: 1)
    #expect(newest != nil)
    #expect(oldest != nil)
    let unknown = log.counters.unknown
    #expect(unknown == 6)
  }

  @Test("skipped numbers hold nothing, repeated ones change nothing")
  func gaps() {
    var log = log(0..<20)
    log.packetSent(sequence: 30, length: 5, kind: .padding, probe: .none, at: milliseconds(300))
    log.packetSent(sequence: 10, length: 5, kind: .padding, probe: .none, at: milliseconds(300))
    let skipped = log.resolve(25, arrival: 1)
    #expect(skipped == nil)
    let kept = log.resolve(10, arrival: 1)
    #expect(kept?.length == 100)
  }

  @Test("in flight is what was sent after the newest that was reported")
  func inFlight() {
    var log = log(0..<10)
    var octets = log.inFlight
    #expect(octets == 1000)
    _ = log.resolve(6, arrival: 1)
    octets = log.inFlight
    #expect(octets == 300)
    _ = log.resolve(2, arrival: 1)
    octets = log.inFlight
    #expect(octets == 300)
    for sequence in 10..<(200 as Int64) {
      log.packetSent(
        sequence: sequence, length: 10, kind: .video, probe: .none, at: milliseconds(3000))
    }
    octets = log.inFlight
    #expect(octets == 640)
    _ = log.resolve(199, arrival: 1)
    octets = log.inFlight
    #expect(octets == 0)
  }

  @Test("the receiver's clock goes on when its 24 bits wrap")
  func timeline() {
    var timeline = FeedbackTimeline()
    let before = timeline.reference(0x7F_FFFF)
    let after = timeline.reference(-0x80_0000)
    #expect(after - before == 64_000)
    let back = timeline.reference(0x7F_FFFF)
    #expect(back == before)
  }
}
