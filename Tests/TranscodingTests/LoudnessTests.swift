import Glibc
import Testing
import Transcoding

@Suite struct LoudnessTests {
  private static func measure(_ samples: [Float], channels: Int = 1) -> Loudness {
    var loudness = Loudness(channels: channels)
    let size = 960 * channels
    for start in stride(from: 0, to: samples.count - size + 1, by: size) {
      loudness.feed(
        AudioFrame(
          samples: Array(samples[start..<(start + size)]), channels: channels,
          timestamp: Int64(start / channels)))
    }
    return loudness
  }

  @Test(
    "a tone of 997 Hz at full scale has -3.01 LUFS, and 20 dB less 20 LU less",
    arguments: [0.0, -20, -40])
  func tone(level: Double) {
    let amplitude = Float(pow(10, level / 20))
    let loudness = Self.measure(Signals.tone(997, amplitude: amplitude, count: 48_000))
    #expect(abs(loudness.momentary - (-3.01 + level)) < 0.1)
    #expect(abs(loudness.truePeakDecibels - level) < 0.2)
  }

  @Test("the same in both channels is 3 LU louder; low tones count less, high ones more")
  func weighting() {
    let tone = Signals.tone(997, amplitude: 0.1, count: 48_000)
    let mono = Self.measure(tone).momentary
    #expect(
      abs(Self.measure(tone.flatMap { [$0, $0] }, channels: 2).momentary - mono - 3.01) < 0.05)
    #expect(Self.measure(Signals.tone(50, amplitude: 0.1, count: 48_000)).momentary < mono - 3)
    #expect(Self.measure(Signals.tone(6000, amplitude: 0.1, count: 48_000)).momentary > mono + 3)
  }

  @Test("the peak between two samples is found, and clipping is not a full scale that is touched")
  func peaks() {
    // A quarter of the sample rate, 45 degrees off: every sample is 0.707 of the peak.
    let between = (0..<9600).map { Float(0.9 * sin(Double($0) * Double.pi / 2 + Double.pi / 4)) }
    let loudness = Self.measure(between)
    #expect(abs(loudness.truePeak - 0.9) < 0.03)
    #expect(loudness.clippings == 0)
    let clipped = Signals.tone(200, amplitude: 1.5, count: 9600).map { min(max($0, -1), 1) }
    // 200 Hz over 0.2 s: 40 periods, each clipped twice.
    #expect(Self.measure(clipped).clippings == 80)
    #expect(Self.measure(Signals.tone(200, amplitude: 0.99, count: 9600)).clippings == 0)
  }

  @Test("silence is counted from when it begins, and ends with sound")
  func silence() {
    let voice = Signals.tone(400, amplitude: 0.1, count: 48_000)
    var all = voice + [Float](repeating: 0, count: 96_000)
    #expect((72_000...96_000).contains(Self.measure(all).silentSamples))
    all += voice
    #expect(Self.measure(all).silentSamples == 0)
  }

  @Test(
    "somebody quiet is brought to the target, and a pause changes nothing",
    arguments: [0.02, 0.4] as [Float])
  func gain(amplitude: Float) {
    let hook = LoudnessHook(channels: 1, target: -23)
    let tone = Signals.tone(997, amplitude: amplitude, count: 48_000 * 6)
    var out: [Float] = []
    func run(_ samples: [Float]) {
      for start in stride(from: 0, to: samples.count - 959, by: 960) {
        let frame = AudioFrame(
          samples: Array(samples[start..<(start + 960)]), channels: 1, timestamp: Int64(start))
        out += hook.process(frame)?.samples ?? []
      }
    }
    run(tone)
    let expected: Double = amplitude < 0.1 ? -3.01 + 20 * log10(0.02 * 4) : -23
    #expect(abs(Self.measure(Array(out.suffix(48_000))).momentary - max(expected, -25.1)) < 1)
    let gain = hook.gain
    run([Float](repeating: 0, count: 48_000))
    #expect(abs(hook.gain - gain) < 0.3 * gain)
    #expect(out.count == 48_000 * 7)
  }
}
