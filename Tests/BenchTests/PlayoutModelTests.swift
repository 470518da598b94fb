import Testing
import Wire

@testable import Bench

@Suite struct PlayoutModelTests {
  private static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
  }

  /// Packet n is sent after 20 n ms and takes so many milliseconds; `nil`: it never comes.
  private static func arrivals(
    _ count: Int64, delay: (Int64) -> Int64?
  ) -> [PlayoutModel.Arrival] {
    (0..<count).compactMap { n in
      delay(n).map {
        PlayoutModel.Arrival(index: n, sent: at(20 * n), arrived: at(20 * n + $0))
      }
    }
  }

  private static func play(_ arrivals: [PlayoutModel.Arrival]) -> PlayoutModel.Outcome {
    PlayoutModel.play(arrivals, from: at(1000), to: at(11_000))
  }

  @Test("on a steady path nothing is concealed, and the ear is 60 ms behind the path")
  func steady() {
    let heard = Self.play(Self.arrivals(600) { _ in 40 })
    #expect(heard.ticks == 500)
    #expect(heard.concealed == 0)
    #expect((95.0...125).contains(heard.meanDelay))
  }

  @Test("each packet that never comes is concealed, and none besides")
  func lost() {
    let heard = Self.play(Self.arrivals(600) { $0 % 10 == 3 ? nil : 40 })
    #expect((49...51).contains(heard.concealed))
  }

  @Test("a packet that comes again in time is as good as any, one that comes too late is concealed")
  func repaired() {
    let inTime = Self.play(Self.arrivals(600) { $0 % 10 == 3 ? 95 : 40 })
    #expect(inTime.concealed <= 1)
    // The buffer waits no longer than 200 ms, whatever comes.
    let late = Self.play(Self.arrivals(600) { $0 % 10 == 3 ? 500 : 40 })
    #expect((40...55).contains(late.concealed))
    #expect(late.meanDelay < 270)
  }

  @Test("on a path with jitter the buffer grows until hardly anything comes too late")
  func jitter() {
    var random = SeededRandom(seed: 1)
    let heard = Self.play(
      Self.arrivals(600) { _ in 40 + Int64.random(in: 0...120, using: &random) })
    #expect(heard.concealedShare < 0.03)
    #expect((130.0...230).contains(heard.meanDelay))
  }

  @Test("a pause is concealed once, and the sound after it is played as before")
  func pause() {
    // For two seconds nothing arrives, and what was sent then is lost.
    let heard = Self.play(Self.arrivals(600) { (200..<300).contains($0) ? nil : 40 })
    #expect((95...110).contains(heard.concealed))
    #expect(heard.meanDelay < 130)
  }

  @Test("a queue that fills is waited for once, not missed in every packet")
  func queue() {
    let heard = Self.play(Self.arrivals(600) { $0 < 250 ? 40 : 340 })
    #expect(heard.concealed < 40)
    #expect(heard.meanDelay > 200)
  }

  @Test("where nothing came all is concealed, and sound that begins late is concealed until then")
  func silence() {
    #expect(Self.play([]).concealedShare == 1)
    let late = Self.play(Self.arrivals(600) { $0 < 300 ? nil : 40 })
    #expect((245...265).contains(late.concealed))
  }
}
