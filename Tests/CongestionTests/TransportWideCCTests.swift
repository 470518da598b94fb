import Congestion
import Testing
import Wire

/// The other end of the feedback: what a sender learns from it.
struct FeedbackReader {
  var arrivals: [Int64: Int64] = [:]
  var lost: Set<Int64> = []
  var counts: [UInt8] = []
  var lengths: [Int] = []
  var baseSequences: [UInt16] = []
  private var unwrapper = SequenceUnwrapper()

  /// Takes all that is due at `now`. Arrivals are in ticks of 250 us since the clock's origin,
  /// which is less than 2^23 * 64 ms away in these tests.
  mutating func drain(
    _ receiver: inout TransportWideCC, now: MediaInstant, capacity: Int = 1200
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { buffer.deallocate() }
    while let length = receiver.writeFeedback(now: now, into: buffer) {
      #expect(length <= capacity)
      lengths.append(length)
      var compound = try #require(
        RTCPCompound(UnsafeRawBufferPointer(rebasing: buffer[0..<length])))
      guard case .transportFeedback(let feedback) = compound.next() else {
        Issue.record("not feedback")
        return
      }
      #expect(compound.next() == nil)
      counts.append(feedback.feedbackCount)
      baseSequences.append(feedback.baseSequence)
      let reference = Int64(feedback.referenceTime) * TransportFeedback.ticksPerReference
      for status in feedback {
        let sequence = unwrapper.unwrap(status.sequenceNumber)
        if let arrival = status.arrival {
          arrivals[sequence] = reference + arrival
          lost.remove(sequence)
        } else if arrivals[sequence] == nil {
          lost.insert(sequence)
        }
      }
    }
  }
}

private func ms(_ n: Int64) -> MediaInstant { MediaInstant(nanoseconds: n * 1_000_000) }

@Suite struct TransportWideCCTests {
  let media = SSRC(7)

  @Test("nothing is due before something arrived")
  func idle() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    let dueNow = receiver.nextDeadline
    #expect(dueNow == nil)
    try reader.drain(&receiver, now: ms(10_000))
    #expect(reader.lengths.isEmpty)
  }

  @Test("arrivals, losses and reordering are told to a quarter of a millisecond")
  func simple() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    for (sequence, microseconds) in [
      (10, 1_000_000), (11, 1_000_250), (14, 1_010_000), (13, 1_010_499),
    ] {
      receiver.packetArrived(
        transportSequence: UInt16(sequence), media: media, length: 1000,
        at: MediaInstant(nanoseconds: Int64(microseconds) * 1000))
    }
    let due = receiver.nextDeadline
    let deadline = try #require(due)
    #expect(deadline == ms(1100))
    try reader.drain(&receiver, now: ms(1099))
    #expect(reader.lengths.isEmpty)
    try reader.drain(&receiver, now: deadline)
    #expect(reader.arrivals == [10: 4000, 11: 4001, 14: 4040, 13: 4041])
    #expect(reader.lost == [12])
    let dueNow = receiver.nextDeadline
    #expect(dueNow == nil)
  }

  @Test("losses between two feedbacks are told by the second")
  func lossAtTheBorder() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    receiver.packetArrived(transportSequence: 1, media: media, length: 1000, at: ms(0))
    try reader.drain(&receiver, now: ms(500))
    receiver.packetArrived(transportSequence: 4, media: media, length: 1000, at: ms(501))
    try reader.drain(&receiver, now: ms(1000))
    #expect(reader.baseSequences == [1, 2])
    #expect(reader.lost == [2, 3])
    #expect(Set(reader.arrivals.keys) == [1, 4])
  }

  @Test("a packet that was told lost and arrives later is told received")
  func late() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    for sequence: UInt16 in [1, 2, 4] {
      receiver.packetArrived(transportSequence: sequence, media: media, length: 1000, at: ms(1))
    }
    try reader.drain(&receiver, now: ms(500))
    #expect(reader.lost == [3])
    receiver.packetArrived(transportSequence: 3, media: media, length: 1000, at: ms(501))
    receiver.packetArrived(transportSequence: 5, media: media, length: 1000, at: ms(502))
    try reader.drain(&receiver, now: ms(1000))
    #expect(reader.lost.isEmpty)
    #expect(Set(reader.arrivals.keys) == [1, 2, 3, 4, 5])
    #expect(reader.baseSequences == [1, 3])
  }

  @Test("duplicates and what is far too late are counted, not told")
  func refused() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    receiver.packetArrived(transportSequence: 5000, media: media, length: 1000, at: ms(1))
    receiver.packetArrived(transportSequence: 5000, media: media, length: 1000, at: ms(2))
    try reader.drain(&receiver, now: ms(500))
    receiver.packetArrived(transportSequence: 5000, media: media, length: 1000, at: ms(501))
    receiver.packetArrived(transportSequence: 4000, media: media, length: 1000, at: ms(502))
    let duplicates = receiver.counters.duplicates
    #expect(duplicates == 2)
    let tooLate = receiver.counters.tooLate
    #expect(tooLate == 1)
    let dueNow = receiver.nextDeadline
    #expect(dueNow == nil)
    #expect(reader.arrivals == [5000: 4])
  }

  @Test("feedback packets are numbered in sequence, over 255 too")
  func feedbackCount() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    for i in 0..<600 {
      receiver.packetArrived(
        transportSequence: UInt16(i), media: media, length: 1000, at: ms(Int64(i) * 300))
      try reader.drain(&receiver, now: ms(Int64(i) * 300 + 299))
    }
    #expect(reader.counts == (0..<600).map { UInt8($0 & 255) })
  }

  @Test("a gap in time beyond 16 bits of ticks is told in two packets")
  func largeDelta() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    receiver.packetArrived(transportSequence: 1, media: media, length: 1000, at: ms(1000))
    receiver.packetArrived(transportSequence: 2, media: media, length: 1000, at: ms(11_000))
    try reader.drain(&receiver, now: ms(11_000))
    #expect(reader.lengths.count == 2)
    #expect(reader.arrivals == [1: 4000, 2: 44_000])
  }

  @Test("a jump of the sequence beyond the window starts anew")
  func restart() throws {
    var receiver = TransportWideCC(sender: SSRC(1), capacity: 64)
    var reader = FeedbackReader()
    receiver.packetArrived(transportSequence: 1, media: media, length: 1000, at: ms(1))
    receiver.packetArrived(transportSequence: 20_000, media: media, length: 1000, at: ms(2))
    try reader.drain(&receiver, now: ms(500))
    let restarts = receiver.counters.restarts
    #expect(restarts == 1)
    #expect(reader.lengths.count == 1)
    #expect(reader.arrivals == [20_000: 8])
  }

  @Test("more packets than the window holds push out the oldest, counted")
  func overrun() throws {
    var receiver = TransportWideCC(sender: SSRC(1), capacity: 64)
    var reader = FeedbackReader()
    for i in 0..<100 {
      receiver.packetArrived(transportSequence: UInt16(i), media: media, length: 1000, at: ms(1))
    }
    // Half a window is enough for feedback to be due at once.
    let dueNow = receiver.nextDeadline
    #expect(dueNow == ms(1))
    try reader.drain(&receiver, now: ms(1))
    let overrun = receiver.counters.overrun
    #expect(overrun == 36)
    #expect(Set(reader.arrivals.keys) == Set(36..<100))
  }

  @Test("the window grows with the rate: a second of 1500 packets is told whole")
  func growth() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    for i in 0..<1000 {
      receiver.packetArrived(
        transportSequence: UInt16(truncatingIfNeeded: 65_000 + i), media: SSRC(2), length: 100,
        at: MediaInstant(nanoseconds: Int64(i) * 660_000))
    }
    var reader = FeedbackReader()
    try reader.drain(&receiver, now: MediaInstant(nanoseconds: 2_000_000_000))
    #expect(reader.arrivals.count == 1000)
    let counters = receiver.counters
    #expect(counters.overrun == 0)
    #expect(counters.tooLate == 0)
  }

  @Test("a small buffer makes more packets, none of them wrong")
  func smallBuffer() throws {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    for i in 0..<200 where i % 3 != 1 {
      receiver.packetArrived(
        transportSequence: UInt16(i), media: media, length: 1000, at: ms(Int64(i)))
    }
    try reader.drain(&receiver, now: ms(1000), capacity: 64)
    #expect(reader.lengths.count > 5)
    #expect(reader.arrivals.count == 133)
    #expect(reader.lost == Set((0..<199).filter { $0 % 3 == 1 }.map(Int64.init)))
    for (sequence, arrival) in reader.arrivals { #expect(arrival == sequence * 4) }
  }

  @Test("a lossy, reordered, wrapping stream is told as it was, whatever the seed")
  func model() throws {
    for seed in 0..<60 {
      var random = SeededRandom(seed: UInt64(seed))
      var receiver = TransportWideCC(sender: SSRC(1))
      var reader = FeedbackReader()
      let first = Int64(UInt16.random(in: 60_000 ... .max, using: &random))
      // (arrival in microseconds, sequence), in order of arrival.
      var events: [(at: Int64, sequence: Int64)] = []
      var sendTime: Int64 = 1_000_000
      for i in 0..<8000 {
        sendTime += .random(in: 100...5000, using: &random)
        if i > 0, Int.random(in: 0..<100, using: &random) < 5 { continue }
        let late = Int.random(in: 0..<100, using: &random) < 3
        events.append(
          (
            sendTime + (late && i > 0 ? .random(in: 0...60_000, using: &random) : 0),
            first + Int64(i)
          ))
      }
      events.sort { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
      var expected: [Int64: Int64] = [:]
      for event in events {
        let now = MediaInstant(nanoseconds: event.at * 1000)
        if let deadline = receiver.nextDeadline, deadline <= now {
          try reader.drain(&receiver, now: deadline)
        }
        receiver.packetArrived(
          transportSequence: UInt16(truncatingIfNeeded: event.sequence), media: media,
          length: 1100, at: now)
        expected[event.sequence] = event.at / 250
      }
      if let deadline = receiver.nextDeadline { try reader.drain(&receiver, now: deadline) }
      #expect(reader.arrivals == expected, "seed \(seed)")
      let last = try #require(expected.keys.max())
      let missing = Set(first...last).subtracting(expected.keys)
      #expect(reader.lost == missing, "seed \(seed)")
      let tooLate = receiver.counters.tooLate
      #expect(tooLate == 0)
      let overrun = receiver.counters.overrun
      #expect(overrun == 0)
    }
  }

  @Test(
    "random numbers at random times never trap and are never told as received when they were not")
  func hostile() throws {
    for seed in 0..<20 {
      var random = SeededRandom(seed: UInt64(seed))
      var receiver = TransportWideCC(sender: SSRC(1), capacity: 256)
      var seen: Set<UInt16> = []
      var now: Int64 = 0
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 1)
      defer { buffer.deallocate() }
      for _ in 0..<5000 {
        now += .random(in: 0...20_000_000, using: &random)
        let sequence = UInt16.random(in: 0...5000, using: &random) &* 13
        seen.insert(sequence)
        receiver.packetArrived(
          transportSequence: sequence, media: media,
          length: .random(in: 0...1500, using: &random), at: MediaInstant(nanoseconds: now))
        var rounds = 0
        while let length = receiver.writeFeedback(
          now: MediaInstant(nanoseconds: now), into: buffer)
        {
          rounds += 1
          #expect(rounds < 200)
          var compound = try #require(
            RTCPCompound(UnsafeRawBufferPointer(rebasing: buffer[0..<length])))
          guard case .transportFeedback(let feedback) = compound.next() else {
            Issue.record("not feedback")
            return
          }
          for status in feedback where status.arrival != nil {
            #expect(seen.contains(status.sequenceNumber))
          }
        }
      }
    }
  }

  /// Octets of feedback, with what surrounds them, for those of media over ten seconds.
  private func cost(packetLength: Int, every interval: MediaDuration) throws -> (
    share: Double, perSecond: Double
  ) {
    var receiver = TransportWideCC(sender: SSRC(1))
    var reader = FeedbackReader()
    var now = MediaInstant(nanoseconds: 0)
    var sequence: UInt16 = 0
    var media = 0
    while now < ms(10_000) {
      if let deadline = receiver.nextDeadline, deadline <= now {
        try reader.drain(&receiver, now: deadline)
      }
      receiver.packetArrived(
        transportSequence: sequence, media: SSRC(7), length: packetLength, at: now)
      sequence &+= 1
      media += packetLength
      now += interval
    }
    let feedback = reader.lengths.reduce(0) { $0 + $1 + 48 }
    return (Double(feedback) / Double(media), Double(reader.lengths.count) / 10)
  }

  @Test("video is reported every 50 ms, for less than a twentieth of its bandwidth")
  func videoCost() throws {
    let cost = try cost(packetLength: 1100, every: .microseconds(4000))
    #expect(cost.share < 0.05)
    #expect((18...21).contains(cost.perSecond))
  }

  @Test("thin video is reported as often as a twentieth of its bandwidth allows")
  func thinCost() throws {
    // 110 kbit/s.
    let cost = try cost(packetLength: 550, every: .milliseconds(40))
    #expect(cost.share < 0.055)
    #expect(cost.perSecond > 4 && cost.perSecond < 18)
  }

  @Test("audio alone is reported four times a second")
  func audioCost() throws {
    let cost = try cost(packetLength: 80, every: .milliseconds(20))
    #expect((3.5...4.5).contains(cost.perSecond))
  }
}

@Suite struct TransportSequencerTests {
  @Test("numbers are stamped in sequence over the wrap")
  func stamps() {
    var sequencer = TransportSequencer(first: 65_535)
    var packet = [UInt8](repeating: 0, count: 4)
    let numbers = packet.withUnsafeMutableBytes { buffer in
      [sequencer.stamp(buffer, at: 2), sequencer.stamp(buffer, at: 1)]
    }
    #expect(numbers == [65_535, 65_536])
    #expect(packet == [0, 0, 0, 0xFF])
    #expect(sequencer.next == 65_537)
  }

  @Test("an offset outside the packet uses up no number")
  func outside() {
    var sequencer = TransportSequencer(first: 5)
    var packet = [UInt8](repeating: 0, count: 4)
    for offset in [-1, 3, 4, .max] {
      #expect(packet.withUnsafeMutableBytes { sequencer.stamp($0, at: offset) } == nil)
    }
    #expect(sequencer.next == 5)
  }
}
