import Testing

@testable import Wire

@Suite struct TransportFeedbackTests {
  private func statuses(_ bytes: [UInt8]) throws -> [TransportFeedback.Status] {
    try withExact(bytes) {
      var compound = try #require(RTCPCompound($0))
      guard case .transportFeedback(let feedback) = compound.next() else {
        Issue.record("not feedback")
        return []
      }
      #expect(compound.next() == nil)
      return Array(feedback)
    }
  }

  @Test("run, one-bit and two-bit chunks are read with their deltas")
  func reads() throws {
    let bytes = octets(
      """
      af cd 00 09  00 00 00 01  00 00 00 02
      ff fe 00 1b  00 00 05 07        # base 65534, 27 packets, reference 5 * 64 ms, feedback 7
      20 03                           # run of 3 small
      00 02                           # run of 2 lost
      d9 00                           # two bits: 1 2 1 0 0 0 0 (01 10 01 00 ...)
      a0 01                           # one bit: 1 0 0 0 0 0 0 0 0 0 0 0 0 1
      60 01                           # reserved symbol 3
      0a 00 ff                        # 10, 0, 255
      01 ff fc 02                     # 1, -4, 2
      03 04                           # 3, 4
      01                              # padding
      """)
    let read = try statuses(bytes)
    #expect(read.count == 27)
    #expect(read[0].sequenceNumber == 65_534)
    #expect(read[2].sequenceNumber == 0)
    let arrivals = read.map(\.arrival)
    let lost = [Int64?](repeating: nil, count: 12)
    let first: [Int64?] = [10, 10, 265, nil, nil, 266, 262, 264, nil, nil, nil, nil]
    #expect(arrivals == first + [267] + lost + [271, nil])
    withExact(bytes) {
      var compound = RTCPCompound($0)
      if case .transportFeedback(let feedback) = compound?.next() {
        #expect(feedback.sender == SSRC(1))
        #expect(feedback.media == SSRC(2))
        #expect(feedback.referenceTime == 5)
        #expect(feedback.feedbackCount == 7)
      }
    }
  }

  @Test("the reference time is signed")
  func negativeReference() {
    let bytes = octets("8f cd 00 05 00000001 00000002  0000 0001 fffffe 00  2001 05 00")
    withExact(bytes) {
      var compound = RTCPCompound($0)
      if case .transportFeedback(let feedback) = compound?.next() {
        #expect(feedback.referenceTime == -2)
      } else {
        Issue.record("not read")
      }
    }
  }

  @Test(
    "feedback that contradicts itself is malformed",
    arguments: [
      ("no packets", "8f cd 00 05 00000001 00000002  0000 0000 000000 00  2001 05 00"),
      ("a delta is missing", "8f cd 00 05 00000001 00000002  0000 0003 000000 00  2003 05 00"),
      ("a chunk is missing", "8f cd 00 05 00000001 00000002  0000 0010 000000 00  0001 0001"),
      ("an empty run", "8f cd 00 05 00000001 00000002  0000 0001 000000 00  2000 05 00"),
    ])
  func malformed(why: String, text: String) {
    rtcpPackets(octets(text)) {
      guard case .malformed = $0 else {
        Issue.record("taken: \(why)")
        return
      }
    }
  }

  @Test("a steady stream is one run chunk")
  func compact() throws {
    let bytes = try #require(
      written { buffer in
        var writer = TransportFeedbackWriter(
          into: buffer, sender: SSRC(1), media: SSRC(2), baseSequence: 0x1_0000 + 100,
          firstArrival: 1000, feedbackCount: 3)
        for i in 0..<20 {
          let sequence = 0x1_0000 + 100 + Int64(i)
          let taken = writer?.append(sequence: sequence, arrival: 1000 + Int64(i) * 4)
          #expect(taken == true)
        }
        return writer?.finish()
      })
    // 1000 = 3 * 256 + 232
    #expect(
      bytes
        == octets(
          """
          af cd 00 0a 00000001 00000002  0064 0014 000003 03  2014
          e8 \(String(repeating: "04", count: 19)) 00 02
          """))
  }

  @Test("whatever is written is read back the same: gaps, reordering in time, wraps, large deltas")
  func roundTrip() throws {
    for seed in 0..<400 {
      var random = SeededRandom(seed: UInt64(seed))
      let lossy = Int.random(in: 0...3, using: &random)
      let jumpy = Int.random(in: 0...2, using: &random)
      let base = Int64.random(in: -70_000...200_000, using: &random)
      var sequence = base + Int64.random(in: 0...3, using: &random)
      var arrival = Int64.random(in: -100_000...40_000_000, using: &random)
      var arrivals: [(sequence: Int64, arrival: Int64)] = []
      let firstArrival = arrival
      let bytes = try #require(
        written(capacity: Int.random(in: 64...1200, using: &random)) { buffer in
          var writer = TransportFeedbackWriter(
            into: buffer, sender: SSRC(1), media: SSRC(2), baseSequence: base,
            firstArrival: arrival, feedbackCount: UInt8(truncatingIfNeeded: seed))
          for _ in 0..<Int.random(in: 1...400, using: &random) {
            guard writer?.append(sequence: sequence, arrival: arrival) == true else { break }
            arrivals.append((sequence, arrival))
            let isGap = Int.random(in: 0..<10, using: &random) < lossy
            sequence += isGap ? .random(in: 1...(seed % 7 == 0 ? 9000 : 40), using: &random) : 1
            let isJump = Int.random(in: 0..<10, using: &random) < jumpy
            arrival += isJump ? .random(in: -600...600, using: &random) : Int64(seed % 250)
          }
          return writer?.finish()
        }, "seed \(seed)")
      let last = try #require(arrivals.last)
      #expect(bytes.count % 4 == 0)
      let read = try statuses(bytes)
      #expect(read.count == Int(last.sequence - base) + 1, "seed \(seed)")
      let reference = (firstArrival >> 8) << 8
      var expected = [Int64: Int64]()
      for (sequence, arrival) in arrivals { expected[sequence] = arrival - reference }
      for (i, status) in read.enumerated() {
        let sequence = base + Int64(i)
        #expect(status.sequenceNumber == UInt16(truncatingIfNeeded: sequence), "seed \(seed)")
        #expect(status.arrival == expected[sequence], "seed \(seed), packet \(i)")
      }
    }
  }

  @Test("what does not fit is refused and leaves the packet right")
  func refusals() throws {
    let bytes = try #require(
      written(capacity: 64) { buffer in
        guard
          var writer = TransportFeedbackWriter(
            into: buffer, sender: SSRC(1), media: SSRC(2), baseSequence: 10, firstArrival: 0,
            feedbackCount: 0)
        else { return nil }
        // Behind, beyond 16 bits of ticks either way, too far ahead.
        let attempts: [(Int64, Int64)] = [
          (10, 0), (10, 1), (11, 32_768), (11, -32_769), (10 + 65_535, 1), (11, 32_767), (12, 0),
        ]
        let taken = attempts.map { writer.append(sequence: $0.0, arrival: $0.1) }
        #expect(taken == [true, false, false, false, false, true, true])
        return writer.finish()
      })
    #expect(try statuses(bytes).map(\.arrival) == [0, 32_767, 0])
    #expect(
      written(capacity: 63) {
        TransportFeedbackWriter(
          into: $0, sender: SSRC(1), media: SSRC(2), baseSequence: 0, firstArrival: 0,
          feedbackCount: 0) == nil ? nil : 1
      } == nil)
    #expect(
      written {
        var writer = TransportFeedbackWriter(
          into: $0, sender: SSRC(1), media: SSRC(2), baseSequence: 0, firstArrival: 0,
          feedbackCount: 0)
        return writer?.finish()
      } == nil)
  }

  @Test("cut at any length, with a length field that claims to fit, it is malformed or consistent")
  func truncation() throws {
    let bytes = try #require(
      written { buffer in
        var writer = TransportFeedbackWriter(
          into: buffer, sender: SSRC(1), media: SSRC(2), baseSequence: 10, firstArrival: 0,
          feedbackCount: 0)
        for i in 0..<60 {
          let late = i % 5 == 0 ? -300 : 0
          _ = writer?.append(sequence: 10 + Int64(i * 2), arrival: Int64(i * 40 + late))
        }
        return writer?.finish()
      })
    for words in 1...(bytes.count / 4) {
      var cut = Array(bytes.prefix(words * 4))
      cut[0] = 0x8F
      cut[3] = UInt8(words - 1)
      exerciseRTCP(cut)
    }
  }
}
