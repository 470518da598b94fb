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

  @Test("The first questions are asked at once, a storm of complaints is held to its rate")
  func throttled() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    var asked: [Int64] = []
    for time in 0..<3000 {
      arbiter.request(.viewerFeedback, now: Self.at(Int64(time)))
      if arbiter.poll(now: Self.at(Int64(time)), roundTrip: nil) {
        asked.append(Int64(time))
        arbiter.keyframeArrived(now: Self.at(Int64(time)))
      }
    }
    #expect(asked == [0, 100, 200, 400, 800, 1200, 1600, 2000, 2400, 2800])
  }

  @Test(
    "Whatever is wanted when, questions stay within burst and rate, and nobody waits for long",
    arguments: UInt64(1)...8)
  func bounded(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let limits = KeyframeArbiter.Limits()
    var arbiter = KeyframeArbiter(limits: limits)
    let roundTrip = Int64(random.next() % 200)
    var asked: [Int64] = []
    var arrivals: [Int64] = []
    var waitingSince: Int64?
    var longestWait: Int64 = 0
    for time in Int64(0)..<60_000 {
      if arrivals.first == time {
        arrivals.removeFirst()
        arbiter.keyframeArrived(now: Self.at(time))
        if let waitingSince { longestWait = max(longestWait, time - waitingSince) }
        waitingSince = nil
      }
      if random.next() % 50 == 0 {
        let reasons: [KeyframeArbiter.Reason] = [.freshViewer, .viewerFeedback, .brokenStream]
        arbiter.request(reasons[Int(random.next() % 3)], now: Self.at(time))
        if arbiter.isWaiting, waitingSince == nil { waitingSince = time }
      }
      if arbiter.poll(now: Self.at(time), roundTrip: .milliseconds(roundTrip)) {
        asked.append(time)
        if arrivals.isEmpty { arrivals.append(time + roundTrip + 33) }
      }
    }
    for (i, first) in asked.enumerated() {
      for (j, last) in asked[i...].enumerated() {
        #expect(Int64(j + 1) <= Int64(limits.burst) + (last - first) / 400)
      }
    }
    #expect(longestWait <= 2 * roundTrip + 500)
  }

  @Test("A question that the encoder may have ignored is asked again when its pause is over")
  func ignored() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.request(.freshViewer, now: Self.at(0))
    #expect(value(arbiter.poll(now: Self.at(0), roundTrip: nil)))
    arbiter.keyframeArrived(now: Self.at(40))
    arbiter.request(.freshViewer, now: Self.at(90))
    #expect(value(arbiter.poll(now: Self.at(90), roundTrip: .milliseconds(20))))
    #expect(arbiter.nextDeadline == Self.at(310))
    // Unless its answer may still be under way.
    #expect(value(arbiter.poll(now: Self.at(310), roundTrip: nil)))
    arbiter.keyframeArrived(now: Self.at(350))
    arbiter.request(.brokenStream, now: Self.at(560))
    #expect(value(arbiter.poll(now: Self.at(560), roundTrip: .milliseconds(250))))
    #expect(arbiter.nextDeadline == Self.at(860))
  }

  @Test("Who comes while the answer is under way asks for no second keyframe")
  func underWay() {
    var arbiter = KeyframeArbiter(limits: KeyframeArbiter.Limits())
    arbiter.request(.freshViewer, now: Self.at(0))
    #expect(value(arbiter.poll(now: Self.at(0), roundTrip: .milliseconds(400))))
    for time in 1..<800 {
      arbiter.request(.freshViewer, now: Self.at(Int64(time)))
      #expect(!value(arbiter.poll(now: Self.at(Int64(time)), roundTrip: .milliseconds(400))))
    }
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
