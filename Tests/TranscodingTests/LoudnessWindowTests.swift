import Testing
import Transcoding

@Suite("The loudness of the last seconds")
struct LoudnessWindowTests {
  private var window = LoudnessWindow(channels: 1)
  private var at: Int64 = 0

  /// - Returns: the last figures.
  private mutating func feed(_ samples: [Float]) -> LoudnessFigures? {
    var last: LoudnessFigures?
    for start in stride(from: 0, to: samples.count - 959, by: 960) {
      let frame = AudioFrame(
        samples: Array(samples[start..<(start + 960)]), channels: 1, timestamp: at)
      at += 960
      if let figures = window.feed(frame) { last = figures }
    }
    return last
  }

  private func tone(_ amplitude: Float, seconds: Double) -> [Float] {
    Signals.tone(997, amplitude: amplitude, count: Int(seconds * 48_000))
      .map { min(max($0, -1), 1) }
  }

  @Test("the median is of five seconds, peak and clipping of one, and silence is a figure, too")
  mutating func spans() throws {
    let loud = try #require(feed(tone(2, seconds: 3)))
    #expect(loud.clipped == 1 && loud.truePeak >= 0 && loud.frames == 150)
    let clean = try #require(feed(tone(0.1, seconds: 1.1)))
    #expect(clean.clipped == 0 && abs(clean.truePeak - -20) < 1)
    #expect(try #require(clean.momentary) > -4, "three seconds of four were loud")
    let later = try #require(feed(tone(0.1, seconds: 3)))
    #expect(abs(try #require(later.momentary) - -23.01) < 0.3)
    let silent = try #require(feed([Float](repeating: 0, count: 48_000 * 6)))
    #expect(silent.momentary == LoudnessFigures.floor && silent.truePeak == LoudnessFigures.floor)
  }

  @Test("what was before a mute is not said of what comes after it")
  mutating func gap() throws {
    _ = feed(tone(1, seconds: 5))
    at += 48_000 * 60
    #expect(try #require(feed(tone(0.01, seconds: 0.1))).momentary == nil)
    let quiet = try #require(feed(tone(0.01, seconds: 2)))
    #expect(abs(try #require(quiet.momentary) - -43.01) < 0.3)
    #expect(abs(quiet.truePeak - -40) < 1)
  }
}
