import Glibc
import Testing
import Transcoding
import Wire

@Suite struct HookRunnerTests {
  private final class Ear: AudioHook {
    var heard: [Float] = []
    func process(_ frame: AudioFrame) -> AudioFrame? {
      heard += frame.samples
      return frame
    }
  }

  private final class Eye: VideoHook {
    var seen: [VideoFrame] = []
    func process(_ frame: VideoFrame) -> VideoFrame? {
      seen.append(frame)
      return nil
    }
  }

  private static func packet(
    type: UInt8, sequenceNumber: UInt16, timestamp: UInt32, marker: Bool, ssrc: UInt32,
    original: UInt16? = nil, payload: [UInt8]
  ) throws -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 12 + (original == nil ? 0 : 2))
    let length = try octets.withUnsafeMutableBytes { buffer -> Int in
      var writer = try #require(
        RTPHeaderWriter(
          into: buffer, payloadType: type, marker: marker, sequenceNumber: sequenceNumber,
          timestamp: timestamp, ssrc: SSRC(ssrc)))
      let end = original.map { writer.finish(originalSequenceNumber: $0) } ?? writer.finish()
      return try #require(end)
    }
    return Array(octets[..<length]) + payload
  }

  @Test("a tone of 1 kHz under jitter and 5 % loss reaches the hook with its frequency and level")
  func sound() throws {
    let ear = Ear()
    let bindings = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]
    let runner = try AudioHookRunner(hook: ear, bindings: bindings, channels: 1)
    let encoder = try OpusEncoder(channels: 1, use: .sound, bitrate: 32_000)
    try encoder.setFEC(expectedLoss: 10)
    let tone = Signals.tone(1000, amplitude: 0.25, count: 48_000 * 6)
    var random = SeededRandom(seed: 1)
    var arrivals: [(ms: Int64, octets: [UInt8])] = []
    for i in 0..<300 {
      let payload = try encoder.encode(Array(tone[(i * 960)..<(i * 960 + 960)]))
      let octets = try Self.packet(
        type: 111, sequenceNumber: UInt16(i), timestamp: UInt32(i * 960), marker: false, ssrc: 7,
        payload: payload)
      let late = Int64(random.next() % 30)
      if i % 20 != 10 { arrivals.append((Int64(i) * 20 + late, octets)) }
    }
    arrivals.sort { $0.ms < $1.ms }
    var next = 0
    for ms in stride(from: Int64(0), to: 6000, by: 10) {
      while next < arrivals.count, arrivals[next].ms <= ms {
        arrivals[next].octets.read { runner.receive($0, now: at(arrivals[next].ms)) }
        next += 1
      }
      _ = runner.run(now: at(ms))
    }
    #expect(ear.heard.count > 48_000 * 5)
    // Second by second: what is made up may not be in phase with what was.
    var levels: [Double] = []
    for second in 1..<5 {
      let part = ear.heard[(second * 48_000)..<(second * 48_000 + 48_000)]
      levels.append(20 * log10(Signals.level(part) * 2.0.squareRoot() / 0.25))
      var start = part.startIndex
      var pure = 0
      while start + 960 <= part.endIndex {
        let piece = part[start..<(start + 960)]
        if Signals.amplitude(of: piece, at: 1000) > 0.8 * Signals.level(piece) * 2.0.squareRoot() {
          pure += 1
        }
        start += 960
      }
      #expect(pure >= 45, "\(pure) of 50 pieces")
    }
    #expect(levels.allSatisfy { abs($0) < 1 }, "\(levels)")
    #expect(runner.buffering.concealed + runner.buffering.recovered >= 14)
  }

  @Test("pictures reach the hook with a packet sent again, and another source is begun anew")
  func picture() throws {
    let eye = Eye()
    let bindings = [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)]
    let runner = try VideoHookRunner(hook: eye, bindings: bindings)
    let encoder = try VP8Encoder(.init(width: 160, height: 96, bitrate: 300_000))
    var packetizer = VP8Packetizer(maximumPayload: 300, firstPictureID: 1)
    var sequenceNumber: UInt16 = 10
    var sent = 0
    for i in 0..<40 {
      // A new source with a keyframe at 20.
      let ssrc: UInt32 = i < 20 ? 1 : 2
      if i == 20 { sequenceNumber = 60_000 }
      let frame = try encoder.encode(
        Signals.pattern(i, width: 160, height: 96), timestamp: Int64(i) * 3000,
        isKeyframe: i == 20)
      guard let frame else { continue }
      sent += 1
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      for (k, payload) in payloads.enumerated() {
        let marker = k == payloads.count - 1
        // The first packet of every third frame is lost and sent again after the rest.
        let isRepeated = i % 3 == 1 && k == 0 && payloads.count > 1
        if !isRepeated {
          let octets = try Self.packet(
            type: 96, sequenceNumber: sequenceNumber, timestamp: UInt32(i) * 3000, marker: marker,
            ssrc: ssrc, payload: payload)
          _ = octets.read { runner.receive($0, now: at(Int64(i) * 33)) }
        }
        sequenceNumber &+= 1
      }
      if i % 3 == 1, payloads.count > 1 {
        let octets = try Self.packet(
          type: 97, sequenceNumber: UInt16(i), timestamp: UInt32(i) * 3000, marker: false,
          ssrc: 99, original: sequenceNumber &- UInt16(payloads.count), payload: payloads[0])
        _ = octets.read { runner.receive($0, now: at(Int64(i) * 33 + 5)) }
      }
    }
    #expect(sent > 30 && eye.seen.count == sent)
    #expect(!runner.wantsKeyframe && runner.decoding.malformed == 0)
    for frame in eye.seen {
      let index = Int(frame.timestamp / 3000)
      #expect(Signals.psnr(frame.picture, Signals.pattern(index, width: 160, height: 96)) > 25)
    }
    runner.noteOverload()
    #expect(runner.wantsKeyframe && runner.counters.overloads == 1)
  }

  @Test("sound and picture of one moment have one capture time, whatever their clocks count from")
  func clocks() throws {
    var sound = PresentationClock(clockRate: 48_000)
    var picture = PresentationClock(clockRate: 90_000)
    #expect(sound.captureTime(of: 1) == nil)
    let start = NTPTimestamp(seconds: 4_000_000_000, fraction: 1 << 31)
    sound.note(ntp: start, timestamp: .max - 100)
    picture.note(ntp: start.advanced(by: .milliseconds(500)), timestamp: 7)
    // Two seconds after `start`; the sound's timestamps have wrapped.
    let offset = try #require(
      PresentationClock.offset(
        of: (UInt32.max - 100) &+ 96_000, by: sound, from: 7 &+ 135_000, by: picture))
    #expect(offset.nanoseconds.magnitude < 1_000)
    let later = try #require(
      PresentationClock.offset(
        of: (UInt32.max - 100) &+ 96_000 &+ 4_800, by: sound, from: 7 &+ 135_000, by: picture))
    #expect(abs(later.nanoseconds - 100_000_000) < 1_000)
  }
}
