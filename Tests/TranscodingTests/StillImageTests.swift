import CPNG
import Testing
import Transcoding

@Suite struct StillImageTests {
  @Test("a PNG has the pixels of the picture, also where its sides are odd")
  func png() throws {
    for (width, height) in [(64, 48), (33, 17), (1, 1)] {
      let picture = Signals.pattern(3, width: width, height: height)
      let file = try #require(picture.png())
      #expect(file.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      var (readWidth, readHeight): (UInt32, UInt32) = (0, 0)
      var rgb = [UInt8](repeating: 0, count: width * height * 3)
      let isRead = png_read_rgb(file, file.count, &readWidth, &readHeight, &rgb, rgb.count)
      #expect(isRead == 1 && readWidth == width && readHeight == height)
      #expect(rgb == picture.rgb())
    }
  }

  @Test("black, white, grey and red are what they are called")
  func colours() {
    var picture = I420Picture(width: 2, height: 2, luma: 16, chroma: 128)
    #expect(picture.rgb() == [UInt8](repeating: 0, count: 12))
    picture = I420Picture(width: 2, height: 2, luma: 235, chroma: 128)
    #expect(picture.rgb() == [UInt8](repeating: 255, count: 12))
    picture = I420Picture(width: 2, height: 2, luma: 126, chroma: 128)
    #expect(picture.rgb() == [UInt8](repeating: 128, count: 12))
    // BT.601 red: Y 81, Cb 90, Cr 240.
    picture = I420Picture(width: 2, height: 2, luma: 81, chroma: 90)
    picture.pixels[picture.crStart] = 240
    let rgb = picture.rgb()
    #expect(rgb[0] >= 252 && rgb[1] <= 3 && rgb[2] <= 3)
  }

  @Test("the picture is taken a second after the first, and anew when a larger one comes")
  func settles() {
    let hook = StillImageHook()
    func show(_ index: Int, width: Int) {
      _ = hook.process(
        VideoFrame(
          picture: I420Picture(width: width, height: 10, luma: UInt8(index), chroma: 128),
          timestamp: Int64(index) * 3000))
    }
    for i in 0..<20 { show(i, width: 10) }
    #expect(!hook.isDone)
    for i in 20..<50 { show(i, width: 20) }
    #expect(!hook.isDone && hook.wantsPictures)
    for i in 50..<60 { show(i, width: 20) }
    #expect(hook.isDone && !hook.wantsPictures)
    #expect(hook.latest?.width == 20 && hook.latest?.pixels.first == 50)
  }
}
