import HookExample
import Testing
import Transcoding

@Suite struct SpeakingTimeTests {
  @Test("speaking counts, with its short pauses; silence and noise do not")
  func counts() {
    let hook = SpeakingTime()
    func hear(seconds: Int, amplitude: Float) {
      for i in 0..<(seconds * 50) {
        let samples = (0..<960).map { ($0 / 24) % 2 == 0 ? amplitude : -amplitude }
        #expect(
          hook.process(AudioFrame(samples: samples, channels: 1, timestamp: Int64(i) * 960)) == nil)
      }
    }
    hear(seconds: 4, amplitude: 0.1)
    #expect(hook.sum.seconds > 3.4 && hook.sum.seconds < 4.1)
    let spoken = hook.sum.seconds
    hear(seconds: 10, amplitude: 0.0005)
    #expect(hook.sum.seconds < spoken + 1.2)
    let then = hook.sum.seconds
    hear(seconds: 4, amplitude: 0.1)
    #expect(hook.sum.seconds > then + 3.4)
  }
}
