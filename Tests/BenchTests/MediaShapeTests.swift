import Testing
import Wire

@testable import Bench

@Suite struct MediaShapeTests {
  @Test("frames of a trace are scaled to the bit rate, keyframes come when they are asked for")
  func scaling() {
    for (kilobits, rate) in [(1500.0, 30.0), (300, 15), (4000, 60)] {
      var sizer = FrameSizer(
        .face720p, kilobitsPerSecond: kilobits, framesPerSecond: rate, offset: 3)
      var octets = 0
      var keyframes = 0
      let count = 6_000
      for i in 0..<count {
        if i == 3_000 { sizer.requestKeyframe() }
        let frame = sizer.next()
        octets += frame.octets
        if frame.isKeyframe {
          keyframes += 1
          #expect(i == 0 || i == 3_000)
        }
      }
      #expect(keyframes == 2)
      let measured = Double(octets) * 8 / 1000 / (Double(count) / rate)
      #expect(abs(measured - kilobits) < kilobits * 0.03)
    }
  }

  @Test("the trace has the shape of an encoder: four keyframes, a mean that fits its bit rate")
  func trace() {
    let trace = VP8FrameTrace.face720p
    #expect(trace.segments.count == 4)
    #expect(trace.segments.joined().count == 600)
    let kilobits = trace.meanOctets * 8 * Double(trace.framesPerSecond) / 1000
    #expect((1400...1600).contains(kilobits))
  }

  @Test("packets of a frame differ by one octet at most, the larger ones last")
  func packets() {
    for octets in [64, 1093, 1094, 1095, 5_000, 58_023] {
      let sizes = Array(FramePackets(octets: octets, limit: 1094))
      #expect(sizes.reduce(0, +) == octets)
      #expect(sizes.count == (octets + 1093) / 1094)
      #expect(sizes == sizes.sorted())
      #expect((sizes.last ?? 0) - (sizes.first ?? 0) <= 1)
    }
  }

  @Test("a common frame leaves at once, a keyframe is spread at 2.5 times the bit rate")
  func pacing() {
    var budget = PacingBudget(kilobitsPerSecond: 1500)
    var now = MediaInstant(nanoseconds: 1_000_000_000)
    let start = now
    var atOnce = 0
    for _ in 0..<60 {
      let opening = budget.opening(at: now)
      if opening == start { atOnce += 1 }
      now = opening
      budget.spend(1100, at: now)
    }
    // 40 ms at 3.75 Mbit/s are 17 packets; the 60 take 141 ms.
    #expect((17...18).contains(atOnce))
    #expect((95...105).contains((now - start).milliseconds))
  }

  @Test("a payload is VP8 that our own parser reads, with its stamp")
  func payload() throws {
    for (starts, key) in [(true, true), (true, false), (false, true), (false, false)] {
      var packet = OutboundSource.SentPacket()
      packet.startsFrame = starts
      packet.isKeyframe = key
      packet.pictureID = 0x1234
      packet.tl0 = 9
      packet.octets = 100
      packet.stamp = PayloadStamp(
        source: 7, index: 99, sent: MediaInstant(nanoseconds: 123_456_789))
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 200, alignment: 8)
      defer { buffer.deallocate() }
      let end = Generator.writePayload(packet, into: buffer, at: 10)
      #expect(end == 10 + 6 + 100)
      let payload = UnsafeRawBufferPointer(rebasing: buffer[10..<end])
      let descriptor = try #require(VP8Descriptor(payload))
      #expect(descriptor.pictureID == 0x1234 && descriptor.is15Bit)
      #expect(descriptor.tl0PicIdx == 9 && descriptor.temporalID == 0)
      #expect(descriptor.startsFrame == starts)
      #expect(descriptor.isKeyframeStart == (starts && key))
      if starts && key { #expect(descriptor.frameSize == .init(width: 1280, height: 720)) }
      let offset = Generator.stampOffset(descriptor)
      #expect(PayloadStamp(payload, at: offset) == packet.stamp)
      buffer[10 + offset + 5] ^= 1
      #expect(PayloadStamp(payload, at: offset) == nil)
    }
  }
}
