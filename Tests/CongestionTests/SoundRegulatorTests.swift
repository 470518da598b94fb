import Congestion
import Testing
import Wire

struct SoundRegulatorTests {
  private struct Path {
    var regulator = SoundRegulator()
    var now = MediaInstant(nanoseconds: 0)
    var changes = 0

    mutating func run(
      _ estimate: Int, loss: Double = 0, seconds: Int64, isUntroubled: Bool = false
    ) {
      let end = now + .seconds(seconds)
      while now < end {
        let hasChanged = regulator.update(
          estimate: estimate, loss: loss, voices: 1, hasPicture: true,
          isUntroubled: isUntroubled, at: now)
        if hasChanged { changes += 1 }
        now = now + .milliseconds(200)
      }
    }
  }

  @Test("What a voice costs on a path of 40 kbit/s fits, with redundancy and all headers")
  func budget() {
    let headers = 28 * 8 * 1000 / SoundRate.least.packetTime
    #expect(SoundRate.least.cost(redundancy: true) + headers < 40_000)
    #expect(SoundRate.lean.cost(redundancy: false) + 28 * 8 * 50 < 80_000)
  }

  @Test("A wide path changes nothing")
  func wide() {
    var path = Path()
    path.run(1_000_000, loss: 0.1, seconds: 20)
    #expect(path.changes == 0)
    #expect(path.regulator.budget == SoundBudget(rate: .ample, redundancy: true))
  }

  @Test("80 kbit/s: lean and without redundancy; with loss the redundancy comes back")
  func narrow() {
    var path = Path()
    path.run(80_000, seconds: 3)
    #expect(path.regulator.budget == SoundBudget(rate: .lean, redundancy: false))
    path.run(80_000, loss: 0.2, seconds: 6)
    #expect(path.regulator.budget == SoundBudget(rate: .lean, redundancy: true))
    path.run(80_000, loss: 0, seconds: 6)
    #expect(path.regulator.budget == SoundBudget(rate: .lean, redundancy: false))
  }

  @Test("40 kbit/s and 20 % loss: least, and with redundancy")
  func least() {
    var path = Path()
    path.run(40_000, loss: 0.2, seconds: 3)
    #expect(path.regulator.budget == SoundBudget(rate: .least, redundancy: true))
  }

  @Test("What does not fit at all is given up at once; what comes back waits")
  func patience() {
    var path = Path()
    path.run(60_000, seconds: 1)
    #expect(path.changes == 1)
    path.run(2_000_000, seconds: 3)
    #expect(path.changes == 1)
    path.run(2_000_000, seconds: 3)
    #expect(path.regulator.budget == SoundBudget())
  }

  @Test("A path between two budgets does not swing")
  func hysteresis() {
    var path = Path()
    for _ in 0..<20 {
      path.run(330_000, seconds: 2)
      path.run(390_000, seconds: 2)
    }
    #expect(path.changes <= 1)
  }

  @Test("While nothing is wrong more is tried, and rarer each time that it was too much")
  func trying() {
    var path = Path()
    path.run(39_000, seconds: 2)
    #expect(path.regulator.budget == SoundBudget(rate: .least, redundancy: false))
    path.run(39_000, seconds: 12, isUntroubled: true)
    #expect(path.regulator.budget == SoundBudget(rate: .lean, redundancy: false))
    path.run(30_000, seconds: 2)
    #expect(path.regulator.budget == SoundBudget(rate: .least, redundancy: false))
    path.run(30_000, seconds: 6, isUntroubled: true)
    #expect(path.regulator.budget == SoundBudget(rate: .least, redundancy: false))
    path.run(30_000, seconds: 4, isUntroubled: true)
    #expect(path.regulator.budget == SoundBudget(rate: .least, redundancy: true))
  }
}
