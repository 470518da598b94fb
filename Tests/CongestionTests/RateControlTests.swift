import Testing
import Wire

@testable import Congestion

@Suite struct RateControlTests {
  private func input(
    _ usage: BandwidthUsage, acknowledged: Double, isTested: Bool = true, isQueueing: Bool = false
  ) -> AIMDRateControl.Input {
    AIMDRateControl.Input(
      usage: usage, acknowledged: acknowledged, recent: acknowledged,
      busy: isQueueing ? acknowledged : nil, roundTrip: .milliseconds(50), isTested: isTested,
      isQueueing: isQueueing, hasJustBegun: false)
  }

  @Test("8 % a second while quiet, no further than 1.5 times what arrives")
  func growth() {
    var control = AIMDRateControl(start: 500_000)
    for i in 0...10 {
      _ = control.update(
        input(.normal, acknowledged: 500_000), bounds: 1...1e9, at: milliseconds(Int64(i) * 100))
    }
    #expect(abs(control.estimate - 540_000) < 5_000)
    for i in 11...400 {
      _ = control.update(
        input(.normal, acknowledged: 500_000), bounds: 1...1e9, at: milliseconds(Int64(i) * 100))
    }
    #expect(control.estimate <= 760_000)
  }

  @Test("over-use with a queue cuts to 0.85 of what arrives, once a round trip")
  func cut() {
    var control = AIMDRateControl(start: 1_000_000)
    func overuse(_ acknowledged: Double, at time: Int64) -> Bool {
      control.update(
        input(.overuse, acknowledged: acknowledged, isQueueing: true), bounds: 1...1e9,
        at: milliseconds(time))
    }
    #expect(overuse(800_000, at: 0))
    #expect(control.estimate == 680_000)
    #expect(!overuse(700_000, at: 10))
    #expect(control.estimate == 680_000)
    #expect(overuse(700_000, at: 80))
    #expect(control.estimate == 595_000)
  }

  @Test(
    "a short queue while more and more is sent: cut to what comes out of it, not to a rate that lags behind, nor twice"
  )
  func shortQueue() {
    var control = AIMDRateControl(start: 1_800_000)
    let input = AIMDRateControl.Input(
      usage: .overuse, acknowledged: 1_400_000, recent: 1_200_000, busy: 1_800_000,
      roundTrip: .milliseconds(40), isTested: true, isQueueing: false, hasJustBegun: true)
    for ms in [0, 60, 120] as [Int64] {
      _ = control.update(input, bounds: 1...1e9, at: milliseconds(ms))
      #expect(control.estimate == 0.85 * 1_800_000)
    }
  }

  @Test("a path just become full: cut to what comes out of its queue, not to what was sent before")
  func busy() {
    var control = AIMDRateControl(start: 1_000_000)
    let young = AIMDRateControl.Input(
      usage: .overuse, acknowledged: 300_000, recent: 40_000, busy: nil,
      roundTrip: .milliseconds(50), isTested: true, isQueueing: true, hasJustBegun: true)
    let first = control.update(young, bounds: 1...1e9, at: milliseconds(0))
    #expect(first)
    #expect(control.estimate == 800_000, "too young to be measured: a fifth")
    var known = young
    known.busy = 600_000
    let second = control.update(known, bounds: 1...1e9, at: milliseconds(80))
    #expect(second)
    #expect(control.estimate == 510_000)
  }

  @Test("a queue too young to be measured, of a path that was in use, cuts to what came of late")
  func narrowed() {
    var control = AIMDRateControl(start: 1_000_000)
    let didCut = control.update(
      AIMDRateControl.Input(
        usage: .overuse, acknowledged: 900_000, recent: 300_000, busy: nil,
        roundTrip: .milliseconds(50), isTested: true, isQueueing: true, hasJustBegun: false),
      bounds: 1...1e9, at: milliseconds(0))
    #expect(didCut)
    #expect(control.estimate == 255_000)
  }

  @Test("over-use without a queue, as jitter shows it, cuts by a fifth at the most")
  func gentle() {
    var control = AIMDRateControl(start: 1_000_000)
    _ = control.update(
      input(.overuse, acknowledged: 300_000), bounds: 1...1e9, at: milliseconds(0))
    #expect(control.estimate == 800_000)
    var near = AIMDRateControl(start: 1_000_000)
    _ = near.update(input(.overuse, acknowledged: 1e6), bounds: 1...1e9, at: milliseconds(0))
    #expect(near.estimate == 850_000)
  }

  @Test("near the last known capacity growth is slow; far above it that is forgotten")
  func capacity() {
    var control = AIMDRateControl(start: 1_000_000)
    _ = control.update(input(.overuse, acknowledged: 1e6), bounds: 1...1e9, at: milliseconds(0))
    let low = control.estimate
    for i in 1...11 {
      _ = control.update(
        input(.normal, acknowledged: 1e6), bounds: 1...1e9, at: milliseconds(Int64(i) * 100))
    }
    let slow = control.estimate - low
    #expect(slow < 0.045 * low)
    for i in 12...22 {
      _ = control.update(
        input(.normal, acknowledged: 2e6), bounds: 1...1e9, at: milliseconds(Int64(i) * 100))
    }
    #expect(control.estimate - low - slow > 1.5 * slow)
  }

  @Test("nothing grows while the path is not tested, or while a queue stands")
  func untested() {
    var control = AIMDRateControl(start: 500_000)
    for i in 0...50 {
      _ = control.update(
        input(.normal, acknowledged: 500_000, isTested: false), bounds: 1...1e9,
        at: milliseconds(Int64(i) * 100))
      _ = control.update(
        input(.normal, acknowledged: 500_000, isQueueing: true), bounds: 1...1e9,
        at: milliseconds(Int64(i) * 100 + 50))
    }
    #expect(control.estimate == 500_000)
  }

  @Test("what arrives is measured through bursts, and followed when it changes")
  func acknowledged() throws {
    var rate = AcknowledgedBitrate()
    var time: Int64 = 0
    for _ in 0..<300 {
      time += 10_000
      rate.add(arrived: time, length: 1250)
    }
    let steady = try #require(rate.rate)
    #expect(abs(steady - 1e6) < 50_000)
    for _ in 0..<100 {
      time += 40_000
      rate.add(arrived: time, length: 1250)
    }
    let slower = try #require(rate.rate)
    #expect(abs(slower - 250_000) < 40_000)
    let recent = try #require(rate.recent)
    #expect(abs(recent - 250_000) < 60_000)
  }

  @Test("application limited: below 65 % for a while, also in silence; not above")
  func applicationLimited() {
    var limited = ApplicationLimited()
    for i in 0..<(100 as Int64) {
      limited.packetSent(length: 1000)
      limited.update(estimate: 1_000_000, at: milliseconds(i * 10))
    }
    #expect(limited.since == nil)
    for i in 100..<(160 as Int64) {
      if i % 4 == 0 { limited.packetSent(length: 1000) }
      limited.update(estimate: 1_000_000, at: milliseconds(i * 10 * 2 - 1000))
    }
    #expect(limited.since != nil)
    for i in 0..<(100 as Int64) {
      limited.packetSent(length: 1200)
      limited.update(estimate: 1_000_000, at: milliseconds(2200 + i * 10))
    }
    #expect(limited.since == nil)
    limited.update(estimate: 1_000_000, at: milliseconds(6000))
    #expect(limited.since != nil)
  }

  @Test("a round trip that makes no sense is left out")
  func roundTrip() {
    var time = RoundTripTime()
    #expect(time.value == RoundTripTime.initial)
    time.add(report: .milliseconds(-5))
    time.add(report: .seconds(50))
    #expect(time.value == RoundTripTime.initial)
    time.add(feedback: .milliseconds(120))
    time.add(report: .milliseconds(40))
    #expect(time.value == .milliseconds(40))
  }
}
