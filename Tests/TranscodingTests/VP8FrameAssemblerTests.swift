import Testing
import Transcoding
import Wire

@Suite struct VP8FrameAssemblerTests {
  private struct Sent {
    var sequenceNumber: UInt16
    var timestamp: UInt32
    var marker: Bool
    var payload: [UInt8]
    var frame: Int
  }

  /// Frames whose octets say which they are; every `keyframeEvery`th is a keyframe.
  private static func stream(
    _ count: Int, keyframeEvery: Int, from first: UInt16 = 65_500, seed: UInt64 = 1
  ) -> (frames: [[UInt8]], packets: [Sent]) {
    var random = SeededRandom(seed: seed)
    var packetizer = VP8Packetizer(maximumPayload: 200, firstPictureID: 32_760)
    var sequenceNumber = first
    var frames: [[UInt8]] = []
    var packets: [Sent] = []
    for i in 0..<count {
      var frame = (0..<Int(20 + random.next() % 900)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      frame[0] = i % keyframeEvery == 0 ? frame[0] & 0xFE : frame[0] | 1
      frames.append(frame)
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      for (k, payload) in payloads.enumerated() {
        packets.append(
          Sent(
            sequenceNumber: sequenceNumber, timestamp: UInt32(i) &* 3000 &- 6000,
            marker: k == payloads.count - 1, payload: payload, frame: i))
        sequenceNumber &+= 1
      }
    }
    return (frames, packets)
  }

  private static func insert(
    _ packet: Sent, _ assembler: inout VP8FrameAssembler, _ now: MediaInstant
  ) {
    packet.payload.read {
      assembler.insert(
        sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, marker: packet.marker,
        payload: $0, now: now)
    }
  }

  @Test("frames come out as they went in, over the ends of sequence numbers and picture ids")
  func inOrder() {
    let (frames, packets) = Self.stream(60, keyframeEvery: 60)
    var assembler = VP8FrameAssembler()
    var out: [[UInt8]] = []
    for packet in packets {
      Self.insert(packet, &assembler, at(0))
      while let frame = assembler.next(now: at(0)) { out.append(frame.octets) }
    }
    #expect(out == frames)
    #expect(!assembler.wantsKeyframe && assembler.counters.gaps == 0)
  }

  @Test("packets that come late, twice or with padding between change nothing")
  func reordered() {
    let (frames, packets) = Self.stream(60, keyframeEvery: 60, from: 10)
    var random = SeededRandom(seed: 3)
    var shuffled = packets
    for i in shuffled.indices.dropLast(9) {
      shuffled.swapAt(i, i + Int(random.next() % 8))
    }
    var assembler = VP8FrameAssembler()
    var out: [[UInt8]] = []
    for (i, packet) in shuffled.enumerated() {
      Self.insert(packet, &assembler, at(Int64(i)))
      if i % 5 == 0 { Self.insert(packet, &assembler, at(Int64(i))) }
      while let frame = assembler.next(now: at(Int64(i))) { out.append(frame.octets) }
    }
    #expect(out == frames)
    #expect(assembler.counters.duplicates + assembler.counters.late > 20)
  }

  @Test("padding between frames is passed over")
  func padding() throws {
    let (frames, all) = Self.stream(4, keyframeEvery: 4, from: 10)
    var packets = all
    let gap = try #require(packets.firstIndex { $0.frame == 2 })
    for i in gap..<packets.count { packets[i].sequenceNumber &+= 1 }
    var padding = packets[gap]
    padding.sequenceNumber &-= 1
    padding.payload = []
    padding.marker = false
    packets.insert(padding, at: gap)
    var assembler = VP8FrameAssembler()
    var out: [[UInt8]] = []
    for packet in packets {
      Self.insert(packet, &assembler, at(0))
      while let frame = assembler.next(now: at(0)) { out.append(frame.octets) }
    }
    #expect(out == frames)
  }

  @Test("what is missing is waited for, then given up for the next keyframe")
  func patience() {
    let (frames, packets) = Self.stream(30, keyframeEvery: 15, from: 100)
    let missing = packets.firstIndex { $0.frame == 5 } ?? 0
    for returns in [true, false] {
      var assembler = VP8FrameAssembler(limits: .init(patience: .milliseconds(200)))
      var out: [[UInt8]] = []
      var asked: [Int] = []
      for (i, packet) in packets.enumerated() where i != missing {
        let now = at(Int64(packet.frame) * 33)
        Self.insert(packet, &assembler, now)
        if returns, packet.frame == 10, packet.marker {
          Self.insert(packets[missing], &assembler, now)
        }
        while let frame = assembler.next(now: now) { out.append(frame.octets) }
        if assembler.wantsKeyframe, packet.frame > 0 { asked.append(packet.frame) }
      }
      if returns {
        #expect(out == frames && asked.isEmpty)
      } else {
        #expect(out == Array(frames[..<5] + frames[15...]))
        #expect(assembler.counters.gaps == 1)
        // Not while there was hope (200 ms, 6 frames), but before the keyframe was there.
        #expect((asked.first ?? 0) >= 11 && asked.contains(14))
      }
    }
  }

  @Test(
    "under any loss and disorder what comes out is whole, in order and decodable",
    arguments: 1...20)
  func anyLoss(seed: UInt64) {
    let (frames, packets) = Self.stream(300, keyframeEvery: 20, seed: seed)
    var random = SeededRandom(seed: seed)
    var kept = packets.filter { _ in random.next() % 25 != 0 }
    for i in kept.indices.dropLast(6) where random.next() % 10 == 0 {
      kept.swapAt(i, i + Int(random.next() % 5))
    }
    var assembler = VP8FrameAssembler()
    var last = -1
    var count = 0
    for packet in kept {
      let now = at(Int64(packet.frame) * 33)
      Self.insert(packet, &assembler, now)
      while let frame = assembler.next(now: now) {
        guard let index = frames.firstIndex(of: frame.octets) else {
          Issue.record("a frame that was never sent, seed \(seed)")
          return
        }
        #expect(index == last + 1 || (frame.isKeyframe && index > last), "seed \(seed)")
        last = index
        count += 1
      }
    }
    #expect(count > 20, "seed \(seed)")
  }

  @Test("what waits is bounded whatever comes")
  func bounded() {
    var assembler = VP8FrameAssembler(limits: .init(packets: 50, octets: 10_000))
    var random = SeededRandom(seed: 9)
    for i in 0..<20_000 {
      let payload = (0..<Int(random.next() % 40)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      payload.read {
        assembler.insert(
          sequenceNumber: UInt16(truncatingIfNeeded: random.next()),
          timestamp: UInt32(truncatingIfNeeded: random.next() & 3), marker: random.next() & 3 == 0,
          payload: $0, now: at(Int64(i)))
      }
      while assembler.next(now: at(Int64(i))) != nil {}
    }
    #expect(assembler.counters.overflows > 0 && assembler.counters.malformed > 0)
    #expect(assembler.counters.packets == 20_000)
  }
}
