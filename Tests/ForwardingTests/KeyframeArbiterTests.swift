import Testing
import Wire

@testable import Forwarding

struct KeyframeArbiterTests {
  static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("A fresh viewer is served at once, others who ask meanwhile are the same question")
  func merged() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.request(.freshViewer, now: Self.at(0))
    arbiter.request(.viewerFeedback, now: Self.at(0))
    #expect(value(arbiter.poll(now: Self.at(0), roundTrip: nil)))
    arbiter.request(.freshViewer, now: Self.at(10))
    #expect(!value(arbiter.poll(now: Self.at(10), roundTrip: nil)))
    #expect(arbiter.commandSequence == 1)
  }

  @Test("The question is repeated until the keyframe arrives, ever more slowly")
  func repeated() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.request(.freshViewer, now: Self.at(0))
    var asked: [Int64] = []
    for time in 0..<10_000 where arbiter.poll(now: Self.at(Int64(time)), roundTrip: nil) {
      asked.append(Int64(time))
    }
    #expect(asked.prefix(5) == [0, 300, 900, 1900, 2900])
    arbiter.keyframeArrived(now: Self.at(10_000))
    #expect(arbiter.nextDeadline == nil)
    #expect(arbiter.commandSequence == 1)
  }

  @Test("A fresh viewer does not wait for a slow repetition")
  func hastened() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.request(.freshViewer, now: Self.at(0))
    for time in 0..<2400 { _ = arbiter.poll(now: Self.at(Int64(time)), roundTrip: nil) }
    #expect(arbiter.nextDeadline == Self.at(2900))
    arbiter.request(.viewerFeedback, now: Self.at(2400))
    #expect(arbiter.nextDeadline == Self.at(2900))
    arbiter.request(.freshViewer, now: Self.at(2400))
    #expect(arbiter.nextDeadline == Self.at(2400))
  }

  @Test("Questions keep their distance, however many viewers complain")
  func throttled() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    var asked = 0
    for time in 0..<3000 {
      arbiter.request(.viewerFeedback, now: Self.at(Int64(time)))
      if arbiter.poll(now: Self.at(Int64(time)), roundTrip: nil) {
        asked += 1
        arbiter.keyframeArrived(now: Self.at(Int64(time)))
      }
    }
    #expect(asked == 10)
  }

  @Test("A complaint right after a keyframe is older than it; a fresh viewer's is not")
  func stale() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.keyframeArrived(now: Self.at(1000))
    arbiter.request(.viewerFeedback, now: Self.at(1050))
    #expect(arbiter.nextDeadline == nil)
    arbiter.request(.freshViewer, now: Self.at(1050))
    #expect(arbiter.nextDeadline == Self.at(1050))
  }
}
