import Testing
import Wire

@testable import Forwarding

struct NACKGeneratorTests {
  static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: milliseconds * 1_000_000)
  }

  static func collect(
    _ generator: inout NACKGenerator, at time: Int64, roundTrip: Int64? = nil
  ) -> [UInt16] {
    var list = SequenceList(capacity: 64)
    generator.collect(
      now: at(time), roundTrip: roundTrip.map { MediaDuration.milliseconds($0) }, into: &list)
    return Array(list.values)
  }

  @Test("Reordering within the tolerance is not asked about")
  func reordering() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits())
    generator.note(index: 100, isRetransmission: false, now: Self.at(0))
    generator.note(index: 102, isRetransmission: false, now: Self.at(1))
    #expect(Self.collect(&generator, at: 1) == [])
    generator.note(index: 101, isRetransmission: false, now: Self.at(2))
    let deadline = generator.nextDeadline
    #expect(deadline == nil)
    #expect(Self.collect(&generator, at: 50) == [])
    let recovered = generator.recovered
    #expect(recovered == 0)
  }

  @Test("Three newer packets make a loss, and so does time")
  func loss() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits())
    generator.note(index: 100, isRetransmission: false, now: Self.at(0))
    generator.note(index: 102, isRetransmission: false, now: Self.at(1))
    let byTime = generator.nextDeadline
    #expect(byTime == Self.at(11))
    generator.note(index: 103, isRetransmission: false, now: Self.at(2))
    generator.note(index: 104, isRetransmission: false, now: Self.at(3))
    let byPackets = generator.nextDeadline
    #expect(byPackets == Self.at(3))
    #expect(Self.collect(&generator, at: 3) == [101])
    generator.note(index: 106, isRetransmission: false, now: Self.at(5))
    #expect(Self.collect(&generator, at: 14) == [])
    #expect(Self.collect(&generator, at: 15) == [105])
  }

  @Test("A packet is asked for once per round trip, a bounded number of times")
  func retries() {
    var generator = NACKGenerator(
      limits: NACKGenerator.Limits(retries: 3, maximumAge: .seconds(10)))
    generator.note(index: 1, isRetransmission: false, now: Self.at(0))
    generator.note(index: 9, isRetransmission: false, now: Self.at(0))
    var asked: [Int64] = []
    for time in 0..<1000 where Self.collect(&generator, at: Int64(time), roundTrip: 80).count > 0 {
      asked.append(Int64(time))
    }
    #expect(asked.count >= 3)
    // Seven were missing, some by packets, the youngest by time: each three times.
    for (a, b) in zip(asked, asked.dropFirst()) where b - a > 20 { #expect(b - a >= 90) }
    let left = generator.count
    let abandoned = generator.abandoned
    #expect(left == 0)
    #expect(abandoned == 7)
  }

  @Test("Sound that would come too late for a conversation is not asked for")
  func sound() {
    func times(_ roundTrip: Int64) -> [Int64] {
      var generator = NACKGenerator(limits: NACKGenerator.Limits().ofSound)
      generator.note(index: 1, isRetransmission: false, now: Self.at(0))
      generator.note(index: 3, isRetransmission: false, now: Self.at(0))
      return (0..<500).filter {
        !Self.collect(&generator, at: Int64($0), roundTrip: roundTrip).isEmpty
      }.map(Int64.init)
    }
    #expect(times(60) == [10, 85])
    #expect(times(150) == [10])
    #expect(times(400) == [])
  }

  @Test("What is too old is given up, whatever its retries")
  func age() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits(maximumAge: .milliseconds(200)))
    generator.note(index: 1, isRetransmission: false, now: Self.at(0))
    generator.note(index: 3, isRetransmission: false, now: Self.at(0))
    #expect(Self.collect(&generator, at: 10, roundTrip: 400) == [2])
    #expect(Self.collect(&generator, at: 200, roundTrip: 10) == [])
    let left = generator.count
    #expect(left == 0)
  }

  @Test("A gap longer than the list is not asked for packet by packet")
  func overflow() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits(capacity: 16))
    generator.note(index: 1, isRetransmission: false, now: Self.at(0))
    let broken = generator.note(index: 100, isRetransmission: false, now: Self.at(0))
    #expect(broken == .cut)
    #expect(Self.collect(&generator, at: 50) == [])
    let small = generator.note(index: 105, isRetransmission: false, now: Self.at(60))
    #expect(small == .repairable)
    #expect(Self.collect(&generator, at: 80) == [101, 102, 103, 104])
  }

  @Test("Where gap after gap would take longer to come again than a keyframe, all are given up")
  func narrow() {
    // 200 packets a second, then five of six are lost.
    var generator = NACKGenerator(limits: NACKGenerator.Limits())
    var index: Int64 = 0
    var brokeAt: Int64?
    for time in stride(from: 0 as Int64, to: 2000, by: 5) {
      index += 1
      if time >= 1000, index % 6 != 0 { continue }
      if generator.note(index: index, isRetransmission: false, now: Self.at(time)) == .narrow {
        brokeAt = brokeAt ?? time
        let count = generator.count
        #expect(count == 0)
      }
    }
    #expect((1100...1600 as ClosedRange<Int64>).contains(brokeAt ?? 0), "\(brokeAt ?? -1)")
  }

  @Test("One of five lost, and as much in one gap, is repaired at any rate")
  func repairable() {
    for interval in [2, 5, 20, 40] {
      var generator = NACKGenerator(limits: NACKGenerator.Limits())
      var random = SeededRandom(seed: UInt64(interval))
      var index: Int64 = 0
      var lost: [(index: Int64, at: Int64)] = []
      for time in stride(from: 0 as Int64, to: 10_000, by: interval) {
        // What was lost comes again after a round trip of 100 ms.
        while let first = lost.first, first.at + 120 <= time {
          generator.note(index: first.index, isRetransmission: true, now: Self.at(time))
          lost.removeFirst()
        }
        index += 1
        if index > 5, random.next() % 5 == 0 || (3000..<3200).contains(time) {
          lost.append((index, time))
          continue
        }
        let gap = generator.note(index: index, isRetransmission: false, now: Self.at(time))
        #expect(gap == .repairable, "every \(interval) ms, at \(time)")
      }
    }
  }

  @Test("The time to an answer is learned from packets that were asked for once")
  func responseTime() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits())
    generator.note(index: 1, isRetransmission: false, now: Self.at(0))
    generator.note(index: 3, isRetransmission: false, now: Self.at(0))
    _ = Self.collect(&generator, at: 10)
    generator.note(index: 2, isRetransmission: true, now: Self.at(70))
    let response = generator.responseTime
    #expect(response == .milliseconds(60))
    let recovered = generator.recovered
    #expect(recovered == 1)
    // Late by its own way: no answer.
    generator.note(index: 5, isRetransmission: false, now: Self.at(80))
    _ = Self.collect(&generator, at: 90)
    generator.note(index: 4, isRetransmission: false, now: Self.at(91))
    let same = generator.responseTime
    #expect(same == .milliseconds(60))
  }

  @Test("Sequence numbers come in ascending order, across the wrap")
  func order() {
    var generator = NACKGenerator(limits: NACKGenerator.Limits())
    generator.note(index: 65_533, isRetransmission: false, now: Self.at(0))
    generator.note(index: 65_539, isRetransmission: false, now: Self.at(0))
    #expect(Self.collect(&generator, at: 20) == [65_534, 65_535, 0, 1, 2])
  }

  @Test("The list grows with the gaps, up to its capacity, and forgets nothing")
  func growth() {
    var limits = NACKGenerator.Limits(capacity: 200)
    limits.always = 200
    var generator = NACKGenerator(limits: limits)
    let start = MediaInstant(nanoseconds: 0)
    generator.note(index: 0, isRetransmission: false, now: start)
    generator.note(index: 6, isRetransmission: false, now: start)
    generator.note(index: 100, isRetransmission: false, now: start)
    generator.note(index: 202, isRetransmission: false, now: start)
    let count = generator.count
    #expect(count == 199)
    var list = SequenceList(capacity: 256)
    generator.collect(now: start + .milliseconds(11), roundTrip: nil, into: &list)
    let wanted = (1..<202).filter { $0 != 6 && $0 != 100 }.map { UInt16($0) }
    #expect(Array(list.values) == wanted)
    let overflowed = generator.note(index: 205, isRetransmission: false, now: start)
    #expect(overflowed == .cut)
  }
}
