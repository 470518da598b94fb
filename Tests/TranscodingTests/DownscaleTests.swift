import Testing
import Transcoding

@Suite struct DownscaleTests {
  @Test("a smaller picture is what the larger one shows, of any size")
  func scaling() {
    for (width, height) in [(320, 180), (333, 187), (640, 360), (161, 91)] {
      let small = Signals.pattern(5, width: 1280, height: 720).scaled(width: width, height: height)
      #expect(small.width == width && small.height == height)
      // What the middle of each pixel shows in the large picture.
      let large = Signals.pattern(5, width: 1280, height: 720)
      var error = 0
      for y in 0..<height {
        for x in 0..<width {
          let at = (y * 720 / height + 720 / height / 2) * 1280 + x * 1280 / width + 640 / width
          error += abs(Int(small.pixels[y * width + x]) - Int(large.pixels[at]))
        }
      }
      #expect(error < width * height * 3, "\(width) x \(height): \(error)")
    }
    let grey = I420Picture(width: 37, height: 23, luma: 77, chroma: 99)
    #expect(
      grey.scaled(width: 11, height: 7) == I420Picture(width: 11, height: 7, luma: 77, chroma: 99))
    #expect(
      grey.scaled(width: 80, height: 50) == I420Picture(width: 80, height: 50, luma: 77, chroma: 99)
    )
    #expect(grey.scaled(width: 37, height: 23) == grey)
  }

  @Test("720p becomes 360p of 300 kbit/s with a PSNR of 30 dB, and keyframes when asked for")
  func rendition() throws {
    var frames: [VP8Frame] = []
    let hook = DownscaleHook(longestSide: 640, bitrate: 300_000) { frames.append($0) }
    let decoder = try VP8Decoder()
    var ratios: [Double] = []
    for i in 0..<60 {
      if i == 30 { hook.askKeyframe() }
      let before = frames.count
      let small = try #require(
        hook.process(
          VideoFrame(
            picture: Signals.pattern(i, width: 1280, height: 720), timestamp: Int64(i) * 3000)))
      guard frames.count > before, let frame = frames.last else { continue }
      #expect(frame.isKeyframe == (i == 0 || i == 30) && frame.timestamp == UInt32(i) * 3000)
      let shown = try #require(frame.octets.withUnsafeBytes { try? decoder.decode($0) })
      #expect(shown.width == 640 && shown.height == 360)
      ratios.append(Signals.psnr(small.picture, shown))
    }
    #expect(ratios.reduce(0, +) / Double(ratios.count) >= 30)
    #expect(ratios.count > 45 && hook.counters.failed == 0)
  }

  @Test("a timecode in each picture is read back from the smaller one that was decoded")
  func timecode() throws {
    var frames: [VP8Frame] = []
    let hook = DownscaleHook(longestSide: 640, bitrate: 300_000) { frames.append($0) }
    let decoder = try VP8Decoder()
    var read: [Int] = []
    for i in 0..<60 {
      // Sixteen squares of 48 pixels, white for 1, in the upper left.
      let code = 37 * i + 21_845
      var picture = Signals.pattern(i, width: 1280, height: 720)
      for bit in 0..<16 {
        let luma: UInt8 = code >> bit & 1 == 1 ? 235 : 16
        for y in 48..<96 {
          for x in (48 * bit)..<(48 * bit + 48) { picture.pixels[y * 1280 + x] = luma }
        }
      }
      let before = frames.count
      _ = hook.process(VideoFrame(picture: picture, timestamp: Int64(i) * 3000))
      guard frames.count > before, let frame = frames.last else { continue }
      let shown = try #require(frame.octets.withUnsafeBytes { try? decoder.decode($0) })
      let found = (0..<16).reduce(0) { sum, bit in
        shown.pixels[36 * 640 + 24 * bit + 12] > 125 ? sum | 1 << bit : sum
      }
      #expect(found == code && frame.timestamp == UInt32(i) * 3000)
      read.append(found)
    }
    #expect(read.count > 45)
  }

  @Test("another shape of the source, and a clock that goes back, are a keyframe and no more")
  func changes() {
    var keyframes = 0
    let hook = DownscaleHook(longestSide: 160, bitrate: 200_000) {
      if $0.isKeyframe { keyframes += 1 }
    }
    func show(_ width: Int, _ height: Int, _ timestamp: Int64) -> I420Picture? {
      hook.process(
        VideoFrame(
          picture: I420Picture(width: width, height: height, luma: 90, chroma: 128),
          timestamp: timestamp))?.picture
    }
    #expect(show(640, 480, 3000)?.height == 120)
    #expect(show(480, 640, 6000)?.width == 120)
    #expect(show(480, 640, 3000)?.height == 160)
    #expect(show(8, 8, 9000)?.width == 16)
    #expect(keyframes == 4 && hook.counters.failed == 0)
  }
}
