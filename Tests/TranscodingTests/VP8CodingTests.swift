import Testing
import Transcoding
import Wire

@Suite struct VP8CodingTests {
  private static func decode(_ frame: [UInt8], _ decoder: VP8Decoder) throws -> I420Picture? {
    try frame.read { try decoder.decode($0) }
  }

  @Test("a moving pattern of 360p at 300 kbit/s comes back with a PSNR of at least 30 dB")
  func quality() throws {
    let encoder = try VP8Encoder(.init(width: 640, height: 360, bitrate: 300_000))
    let decoder = try VP8Decoder()
    var octets = 0
    var ratios: [Double] = []
    for i in 0..<150 {
      let picture = Signals.pattern(i, width: 640, height: 360)
      guard
        let frame = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: false)
      else { continue }
      octets += frame.count
      let shown = try #require(try Self.decode(frame, decoder))
      ratios.append(Signals.psnr(picture, shown))
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(mean >= 30, "\(mean)")
    #expect(ratios.count > 120, "\(ratios.count) of 150 pictures")
    #expect(octets * 8 / 5 < 360_000, "\(octets * 8 / 5) bit/s")
    #expect(decoder.counters.keyframes == 1)
  }

  @Test("a keyframe comes when it is asked for, and at another size, and is decodable alone")
  func keyframes() throws {
    let encoder = try VP8Encoder(.init(width: 320, height: 180, bitrate: 400_000))
    for i in 0..<30 {
      if i == 20 { try encoder.setSize(width: 162, height: 90) }
      let picture = Signals.pattern(
        i, width: encoder.settings.width, height: encoder.settings.height)
      let frame = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: i == 10)
      guard let frame else { continue }
      let isKeyframe = frame.read { VP8FrameHeader($0)?.isKeyframe }
      #expect(isKeyframe == [0, 10, 20].contains(i), "\(i)")
      if i == 10 || i == 20 {
        let shown = try Self.decode(frame, try VP8Decoder())
        #expect(try Signals.psnr(picture, #require(shown)) > 28)
      }
    }
    #expect(throws: CodecError.invalidSetting) { try encoder.setSize(width: 0, height: 90) }
  }

  @Test("the bitrate follows without a keyframe")
  func bitrate() throws {
    let encoder = try VP8Encoder(.init(width: 320, height: 180, bitrate: 800_000))
    var random = SeededRandom(seed: 1)
    var octets = [0, 0, 0]
    var keyframes = 0
    for i in 0..<180 {
      if i == 60 { try encoder.setBitrate(150_000) }
      var picture = Signals.pattern(i * 3, width: 320, height: 180)
      for at in 0..<picture.cbStart { picture.pixels[at] &+= UInt8(random.next() & 15) }
      guard
        let frame = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: false)
      else { continue }
      octets[i / 60] += frame.count
      if frame.read({ VP8FrameHeader($0)?.isKeyframe }) == true { keyframes += 1 }
    }
    #expect(keyframes == 1)
    #expect(octets[2] * 3 < octets[0], "\(octets)")
    #expect(octets[2] * 4 < 225_000, "\(octets)")
  }

  @Test("a broken frame is counted, nothing is shown until a keyframe, which heals")
  func heals() throws {
    let encoder = try VP8Encoder(.init(width: 320, height: 180, bitrate: 400_000))
    let decoder = try VP8Decoder()
    var shown: [Int] = []
    for i in 0..<30 {
      let picture = Signals.pattern(i, width: 320, height: 180)
      var frame = try #require(
        try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: i == 20))
      // The first partition is longer than the frame.
      if i == 10 { frame = Array(frame.prefix(8)) }
      do {
        let decoded = try #require(try Self.decode(frame, decoder))
        #expect(Signals.psnr(picture, decoded) > 28)
        shown.append(i)
      } catch CodecError.malformed {
        #expect(i == 10)
      } catch CodecError.needsKeyframe {
        #expect((11..<20).contains(i))
      }
    }
    #expect(shown == Array(0..<10) + Array(20..<30))
    #expect(decoder.counters.malformed == 1 && decoder.counters.withoutReference == 9)
    #expect(decoder.counters.keyframes == 2)
  }

  @Test("hostile frames never do worse than a counted error")
  func hostile() throws {
    let encoder = try VP8Encoder(.init(width: 160, height: 96, bitrate: 200_000))
    let decoder = try VP8Decoder(maximumPixels: 320 * 200)
    let pictures = (0..<40).map { Signals.pattern($0, width: 160, height: 96) }
    var random = SeededRandom(seed: 7)
    var refused: UInt64 = 0
    for i in 0..<2000 {
      let picture = pictures[i % 40]
      var frame =
        try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: i % 4 == 0) ?? []
      for _ in 0..<(random.next() % 12) where !frame.isEmpty {
        let place = Int(random.next() % UInt64(min(frame.count, 400)))
        frame[place] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.next() % 8 == 0 { frame.removeLast(Int(random.next() % UInt64(frame.count + 1))) }
      do {
        _ = try Self.decode(frame, decoder)
      } catch {
        refused += 1
      }
    }
    let counters = decoder.counters
    #expect(refused == counters.malformed + counters.tooLarge + counters.withoutReference)
    #expect(counters.malformed > 100 && counters.tooLarge > 0 && counters.keyframes > 100)
    let picture = Signals.pattern(1, width: 160, height: 96)
    let frame = try #require(
      try encoder.encode(picture, timestamp: 100_000_000, isKeyframe: true))
    #expect(try Signals.psnr(picture, #require(try Self.decode(frame, decoder))) > 25)
  }

  @Test("a picture of too many pixels is refused before memory is spent on it")
  func tooLarge() throws {
    let decoder = try VP8Decoder(maximumPixels: 640 * 480)
    // A keyframe header of 16383 by 16383.
    let frame: [UInt8] = [0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0, 0, 0]
    #expect(throws: CodecError.tooLarge) { try Self.decode(frame, decoder) }
    #expect(decoder.counters.tooLarge == 1)
  }
}
