import Congestion
import Testing
import Wire

/// Feedback from a peer that lies or is broken.
@Suite struct HostileFeedbackTests {
  private func send(
    _ estimator: inout BandwidthEstimator, _ random: inout SeededRandom, _ sequence: inout Int64,
    at now: MediaInstant
  ) {
    for _ in 0..<random.next() % 8 {
      estimator.packetSent(
        sequence: sequence, length: Int(random.next() % 1400), kind: .video,
        probe: ProbeCluster.ID(rawValue: UInt8(truncatingIfNeeded: random.next() % 4)), at: now)
      sequence += 1 + Int64(random.next() % 40 == 0 ? random.next() % 3000 : 0)
    }
  }

  private func check(_ estimator: borrowing BandwidthEstimator) {
    let configuration = BandwidthEstimatorConfiguration()
    let estimate = estimator.estimate
    let pacing = estimator.pacingRate
    let queue = estimator.queueDelay
    let loss = estimator.loss
    #expect(estimate >= configuration.minimum)
    #expect(estimate <= configuration.maximum)
    #expect(pacing > 0)
    #expect(queue >= .zero)
    #expect(loss >= 0 && loss <= 1)
  }

  @Test("random octets in the place of feedback change nothing beyond the bounds", arguments: 1...8)
  func randomOctets(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var estimator = BandwidthEstimator()
    estimator.setDemand(3_000_000, canProbe: true, at: milliseconds(0))
    var sequence = Int64(random.next() % 70_000)
    var parsed = 0
    for round in 0..<2_000 as Range<Int64> {
      let now = milliseconds(round * Int64(random.next() % 60))
      send(&estimator, &random, &sequence, at: now)
      var bytes = (0..<(24 + Int(random.next() % 60) * 4)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      bytes[0] = 0x8F
      bytes[1] = 205
      bytes[2] = 0
      bytes[3] = UInt8(bytes.count / 4 - 1)
      if round % 2 == 0 {
        // Near what was sent, so that it is believed.
        let base = UInt16(truncatingIfNeeded: sequence - Int64(random.next() % 40))
        bytes[12] = UInt8(base >> 8)
        bytes[13] = UInt8(truncatingIfNeeded: base)
        bytes[14] = 0
        bytes[15] = UInt8(random.next() % 60)
      }
      FeedbackBytes.parse(bytes) { feedback in
        parsed += 1
        estimator.receive(feedback, at: now)
      }
      estimator.receive(remb: random.next(), at: now)
      estimator.receive(roundTrip: MediaDuration(nanoseconds: Int64(bitPattern: random.next())))
      if let deadline = estimator.nextDeadline, deadline <= now { estimator.handleTimeout(at: now) }
      _ = estimator.takeProbe()
      if round % 100 == 0 { check(estimator) }
    }
    #expect(parsed > 0)
    check(estimator)
  }

  @Test("times that jump, repeat, run backwards or wrap are harmless", arguments: 1...4)
  func wildTimes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var estimator = BandwidthEstimator()
    estimator.setDemand(3_000_000, canProbe: true, at: milliseconds(0))
    var tick: Int64 = 0
    for round in 0..<3_000 as Range<Int64> {
      let now = milliseconds(round * 20)
      estimator.packetSent(sequence: round, length: 1000, kind: .video, at: now)
      switch random.next() % 12 {
      case 0: tick = Int64(bitPattern: random.next()) >> 8
      case 1: tick -= Int64(random.next() % 40_000)
      case 2: tick += Int64(random.next() % 40_000)
      default: tick += 80
      }
      let bytes = FeedbackBytes.write([(round, tick)])
      for _ in 0...random.next() % 2 {
        FeedbackBytes.parse(bytes) { estimator.receive($0, at: now) }
      }
    }
    check(estimator)
  }

  @Test("a clock at its ends does not trap")
  func ends() {
    for origin in [Int64.max - 10_000_000_000, Int64.min, -1, 0] {
      var estimator = BandwidthEstimator()
      for i in 0..<200 as Range<Int64> {
        let now = MediaInstant(nanoseconds: origin &+ i &* 5_000_000)
        estimator.packetSent(sequence: i, length: 1200, kind: .audio, at: now)
        FeedbackBytes.parse(FeedbackBytes.write([(i, i * 20)])) { estimator.receive($0, at: now) }
        estimator.handleTimeout(at: now)
      }
      check(estimator)
    }
  }

  @Test("feedback that claims more than was sent does not raise the estimate beyond it")
  func liar() {
    var estimator = BandwidthEstimator()
    estimator.setDemand(8_000_000, canProbe: true, at: milliseconds(0))
    var sequence: Int64 = 0
    for round in 0..<400 as Range<Int64> {
      let now = milliseconds(round * 50)
      // 80 kbit/s, all said to arrive within a tick.
      estimator.packetSent(sequence: sequence, length: 500, kind: .video, at: now)
      sequence += 1
      let claimed = (0..<40 as Range<Int64>).map { (sequence: sequence - 20 + $0, tick: round) }
      FeedbackBytes.parse(FeedbackBytes.write(claimed)) { estimator.receive($0, at: now) }
      _ = estimator.takeProbe()
    }
    let estimate = estimator.estimate
    #expect(estimate <= 10_000_000)
    let unknown = estimator.logCounters.unknown
    #expect(unknown > 0)
  }
}
