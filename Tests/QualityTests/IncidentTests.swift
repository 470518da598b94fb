import Testing
import Wire

@testable import Quality

struct IncidentTests {
  /// 40 s good, 30 s with the fault, 40 s good.
  private struct Outcome {
    var began: [(at: Int, incident: Incident)] = []
    var ended: [(at: Int, incident: Incident)] = []
  }

  private static func run(_ fault: FaultWorld.Fault, seed: UInt64) -> Outcome {
    var world = FaultWorld(seed: seed)
    var detector = IncidentDetector()
    var outcome = Outcome()
    for second in 0..<110 {
      let isBad = (40..<70).contains(second)
      for change in detector.update(world.sample(isBad ? fault : nil)) {
        switch change {
        case .began(let incident): outcome.began.append((second - 40, incident))
        case .ended(let incident): outcome.ended.append((second - 70, incident))
        }
      }
    }
    return outcome
  }

  @Test(
    "Each fault is found on its side with its cause within 10 s, alone, and is over 15 s after it",
    arguments: FaultWorld.Fault.allCases)
  func faults(_ fault: FaultWorld.Fault) {
    let seeds = 200
    var right = 0
    var examples: [String] = []
    for seed in 0..<UInt64(seeds) {
      let outcome = Self.run(fault, seed: seed &* 7919 &+ 11)
      let expected = fault.expected
      let isFound = outcome.began.contains {
        $0.incident.side == expected.side && $0.incident.cause == expected.cause
          && (0...10).contains($0.at)
      }
      let isOver = outcome.ended.contains {
        $0.incident.side == expected.side && $0.incident.cause == expected.cause
          && (0...15).contains($0.at)
      }
      // A path so narrow that pictures are given up is a congested one, too.
      let isAlone = outcome.began.allSatisfy {
        $0.incident.side == expected.side
          && ($0.incident.cause == expected.cause || fault == .audioOnly)
      }
      if isFound, isOver, isAlone {
        right += 1
      } else if examples.count < 3 {
        examples.append(
          "seed \(seed): "
            + outcome.began.map { "\($0.at) \($0.incident.side) \($0.incident.cause)" }
            .joined(separator: ", ") + " | ended "
            + outcome.ended.map { "\($0.at) \($0.incident.cause)" }.joined(separator: ", "))
      }
    }
    #expect(Double(right) >= 0.95 * Double(seeds), "\(right) of \(seeds); \(examples)")
  }

  @Test("Ten minutes without a fault have no incident")
  func clean() {
    for seed in 0..<50 {
      var world = FaultWorld(seed: UInt64(seed) &* 104_729)
      var detector = IncidentDetector()
      for second in 0..<600 {
        let changes = detector.update(world.sample(nil))
        #expect(changes.isEmpty, "seed \(seed), second \(second): \(changes)")
      }
    }
  }

  @Test("A value around its threshold begins once and does not flap")
  func flapping() {
    var trigger = Trigger(begin: 0.05, end: 0.02, span: 5)
    var random = SeededRandom(seed: 3)
    var begins = 0
    for second in 0..<600 {
      let value = Double.random(in: 0.03...0.07, using: &random)
      let from = MediaInstant(nanoseconds: Int64(second) * 1_000_000_000)
      if trigger.update(value, weight: 200, from: from) == .began { begins += 1 }
    }
    #expect(begins == 1)
  }

  @Test("A muted participant is neither silent nor frozen")
  func muted() {
    var world = FaultWorld(seed: 5)
    var detector = IncidentDetector()
    for _ in 0..<60 {
      var sample = world.sample(.outage)
      for i in sample.sources.indices { sample.sources[i].isMuted = true }
      #expect(detector.update(sample).isEmpty)
    }
  }

  @Test("Pictures that a page gives up for a narrow way are of that, and no camera is blamed")
  func uplinkTooNarrow() {
    var world = FaultWorld(seed: 6)
    var detector = IncidentDetector()
    for second in 0..<90 {
      var sample = world.sample((20..<60).contains(second) ? .frozenCamera : nil)
      sample.isUplinkTooNarrow = (20..<60).contains(second)
      for change in detector.update(sample) {
        guard case .began(let incident) = change else { continue }
        #expect(incident.side == .senderUplink && incident.cause == .audioOnly)
        #expect(second == 20)
      }
      #expect(detector.running.count == ((20..<60).contains(second) ? 1 : 0))
    }
  }

  @Test("A round trip that was long while nothing came is not told after it")
  func roundTripOfAnOutage() {
    var world = FaultWorld(seed: 7)
    var detector = IncidentDetector()
    for second in 0..<70 {
      var sample = world.sample((20..<30).contains(second) ? .stoppedDevice : nil)
      if (30..<42).contains(second) { sample.roundTrip = .milliseconds(1400) }
      for case .began(let incident) in detector.update(sample) {
        #expect(incident.cause == .drop && incident.side == .senderDevice)
      }
    }
  }

  @Test("What is open when a participant leaves ends then")
  func leaving() {
    var world = FaultWorld(seed: 9)
    var detector = IncidentDetector()
    for _ in 0..<20 { _ = detector.update(world.sample(.uplinkLoss)) }
    #expect(detector.running.count == 1)
    let end = world.now + .seconds(1)
    let changes = detector.finish(at: end)
    guard case .ended(let incident)? = changes.first else {
      Issue.record("nothing ended")
      return
    }
    #expect(incident.ended == end)
    #expect(detector.running.isEmpty)
  }

  @Test("What both ends tell of is located once")
  func locatedOnce() {
    let now = MediaInstant(nanoseconds: 0)
    let loss = Incident(
      side: .senderUplink, cause: .loss, severity: .major, began: now, worst: 0.082)
    let located = FaultLocator.locate(sender: [loss], receiver: [loss])
    #expect(located == [loss])
  }

  @Test("Sound or pictures that lag alone are no queue on the way")
  func lagOfOneTrack() {
    for source in [SourceSample.Source.microphone, .camera] {
      var world = FaultWorld(seed: 5)
      var detector = IncidentDetector()
      for _ in 0..<60 {
        var sample = world.sample(nil)
        for i in sample.sources.indices where sample.sources[i].source == source {
          sample.sources[i].queue = .milliseconds(400)
        }
        #expect(detector.update(sample).isEmpty)
      }
    }
  }

  @Test("Where checks are not held up nothing else stands in a queue")
  func lagOfAll() {
    var world = FaultWorld(seed: 5)
    var detector = IncidentDetector()
    for _ in 0..<60 {
      var sample = world.sample(nil)
      for i in sample.sources.indices { sample.sources[i].queue = .milliseconds(400) }
      #expect(detector.update(sample).isEmpty)
    }
  }
}
