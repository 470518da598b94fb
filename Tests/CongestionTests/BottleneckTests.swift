import Congestion
import Testing
import Wire

/// The figures that the network must not take from us, over virtual time and several seeds each.
@Suite struct BottleneckTests {
  static let seeds: [UInt64] = [1, 2, 3]

  static func fallsAndReturns(_ ms: Int64) -> Double {
    ms < 30_000 ? 2e6 : ms < 60_000 ? 3e5 : 2e6
  }

  @Test(
    "2 Mbit/s that fall to 300 kbit/s: the queue is short within 3 s, and the capacity found again in 15 s",
    arguments: [10.0, 20, 50], [UInt64(1), 2, 3])
  func fall(delay: Double, seed: UInt64) {
    var profile = PathProfile(rate: Self.fallsAndReturns)
    profile.delay = delay
    profile.feedbackDelay = delay
    profile.queue = seed == 3 ? 150_000 : 60_000
    let run = BottleneckRun(profile, seed: seed)
    run.run(until: 90_000)
    #expect(run.lastQueue(above: 200, from: 30_000, to: 60_000) < 33_000)
    #expect(run.worstQueue(from: 34_000, to: 60_000) < 200)
    #expect(run.meanDelivered(from: 35_000, to: 60_000) > 0.8 * 300_000)
    #expect((run.reached(1.6e6, from: 60_100) ?? .max) < 75_000)
    #expect(run.meanDelivered(from: 75_000, to: 90_000) > 0.8 * 2e6)
  }

  @Test(
    "random and bursty loss without a queue does not bring the estimate down",
    arguments: [0.02, 0.1, 0.2], [1.0, 5])
  func loss(share: Double, length: Double) {
    for seed in Self.seeds {
      var profile = PathProfile.constant(5e6)
      profile.loss = length == 1 ? .random(share) : .bursts(share, length: length)
      let run = BottleneckRun(profile, seed: seed)
      run.run(until: 40_000)
      // The source sends 2.5 Mbit/s of video when it may.
      #expect(run.meanEstimate(from: 10_000, to: 40_000) > 2.5e6)
      #expect(run.meanDelivered(from: 10_000, to: 40_000) > 2.5e6 * (1 - share) * 0.9)
      #expect(run.lowestEstimate(from: 5_000, to: 40_000) > 400_000)
    }
  }

  @Test("a fifth lost in long bursts leaves more than sound needs", arguments: seeds)
  func burstsOnANarrowPath(seed: UInt64) {
    var profile = PathProfile.constant(400_000)
    profile.loss = .bursts(0.2, length: 10)
    let run = BottleneckRun(profile, seed: seed)
    run.run(until: 60_000)
    #expect(run.lowestEstimate(from: 2_000, to: 60_000) >= 60_000)
    #expect(run.meanEstimate(from: 10_000, to: 60_000) > 150_000)
  }

  @Test("a policer without a queue is told from bad radio", arguments: seeds)
  func policer(seed: UInt64) {
    var profile = PathProfile.constant(500_000)
    profile.queue = 3_000
    let run = BottleneckRun(profile, seed: seed)
    run.run(until: 60_000)
    let sent = run.viewer.sentOctets
    run.run(until: 80_000)
    let lost = Double(run.viewer.sentOctets - sent) * 8 / 20
    #expect(run.meanDelivered(from: 10_000, to: 80_000) > 400_000)
    #expect(lost - run.meanDelivered(from: 60_000, to: 80_000) < 0.15 * 500_000)
  }

  @Test("far and with jitter: no false over-use brings the estimate down", arguments: [0.0, 0.2])
  func farWithJitter(feedbackLoss: Double) {
    for seed in Self.seeds {
      var profile = PathProfile.constant(3e6)
      profile.delay = 150
      profile.feedbackDelay = 150
      profile.jitter = 50
      profile.feedbackLoss = feedbackLoss
      let run = BottleneckRun(profile, seed: seed)
      run.run(until: 60_000)
      #expect(run.meanEstimate(from: 20_000, to: 60_000) > 0.7 * 2.5e6)
      #expect(run.lowestEstimate(from: 20_000, to: 60_000) > 700_000)
    }
  }

  @Test("narrow paths are filled without long queues", arguments: [80_000.0, 150_000, 300_000])
  func narrow(rate: Double) {
    for seed in Self.seeds {
      let run = BottleneckRun(.constant(rate), seed: seed)
      if rate < 100_000 { run.viewer.audioLength = 80 }
      run.run(until: 40_000)
      #expect(run.worstQueue(from: 0, to: 40_000) < 300)
      #expect(run.worstQueue(from: 5_000, to: 40_000) < 200)
      #expect(run.meanEstimate(from: 10_000, to: 40_000) > 0.8 * rate)
      #expect(run.meanEstimate(from: 10_000, to: 40_000) < 1.1 * rate)
      #expect(run.viewer.worstAudioDelay < 350)
      #expect(run.path.tailDrops == 0)
    }
  }

  @Test("probes lead from 300 kbit/s to most of 3 Mbit/s within 5 s", arguments: seeds)
  func probes(seed: UInt64) {
    let run = BottleneckRun(.constant(3e6), seed: seed)
    run.run(until: 5_000)
    #expect((run.reached(0.8 * 3e6, from: 0) ?? .max) < 5_000)
  }

  @Test("two viewers on one path both get their part", arguments: seeds)
  func fairness(seed: UInt64) {
    let run = BottleneckRun(.constant(1.5e6), seed: seed, viewers: 2)
    run.run(until: 20_000)
    let before = run.viewers.map(\.deliveredOctets)
    run.run(until: 60_000)
    let shares = zip(run.viewers, before).map { Double($0.deliveredOctets - $1) }
    let all = shares.reduce(0, +)
    #expect((shares.min() ?? 0) > 0.25 * all)
    #expect(all * 8 / 40 > 0.8 * 1.5e6)
  }

  @Test("traffic of others is given way to, and its place taken again", arguments: seeds)
  func crossTraffic(seed: UInt64) {
    let run = BottleneckRun(.constant(2e6), seed: seed)
    run.crossTraffic = { ($0 / 15_000) % 2 == 1 ? 1.2e6 : 0 }
    run.run(until: 60_000)
    #expect(run.worstQueue(from: 2_000, to: 60_000) < 350)
    #expect(run.meanEstimate(from: 20_000, to: 30_000) < 1e6)
    #expect(run.meanEstimate(from: 38_000, to: 45_000) > 1.4e6)
  }

  @Test("after five seconds without a path the estimate is back within one", arguments: seeds)
  func outage(seed: UInt64) {
    let run = BottleneckRun(
      PathProfile(rate: { $0 >= 20_000 && $0 < 25_000 ? 0 : 2e6 }), seed: seed)
    run.run(until: 40_000)
    #expect(run.lowestEstimate(from: 20_000, to: 25_000) < 100_000)
    #expect((run.reached(1e6, from: 25_000) ?? .max) <= 26_000)
  }

  @Test("a seed replays exactly")
  func replay() {
    let runs = (0..<2).map { _ in
      var profile = PathProfile.constant(700_000)
      profile.loss = .bursts(0.05, length: 4)
      profile.jitter = 20
      let run = BottleneckRun(profile, seed: 77)
      run.run(until: 10_000)
      return run.samples.map(\.estimate)
    }
    #expect(runs[0] == runs[1])
  }
}
