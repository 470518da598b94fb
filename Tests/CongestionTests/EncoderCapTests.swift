import Congestion
import Testing
import Wire

@Suite struct EncoderCapTests {
  @Test("a fall is told at once, with sound set aside")
  func fall() {
    var cap = EncoderCap(start: 1_500_000)
    let told = cap.update(estimate: 640_000, at: milliseconds(0))
    #expect(told == 552_000)
  }

  @Test("a rise is told when it lasts, in steps of twice the rate")
  func rise() {
    var cap = EncoderCap(start: 300_000)
    var told: [(Int64, Int)] = []
    for ms in stride(from: 0, through: 6_000, by: 100) as StrideThrough<Int64> {
      let before = cap.cap
      if let rate = cap.update(estimate: 2_540_000, at: milliseconds(ms)), rate != before {
        told.append((ms, rate))
      }
    }
    #expect(told.map(\.1) == [600_000, 1_200_000, 2_300_000])
    #expect(told.first?.0 == 1_000)
    for (a, b) in zip(told, told.dropFirst()) { #expect(b.0 - a.0 >= 800) }
  }

  @Test("swings around the capacity are not passed on")
  func hysteresis() {
    var cap = EncoderCap(start: 500_000)
    var changes = 0
    for i in 0..<(600 as Int64) {
      let before = cap.cap
      // Between -3 % and +7 % of 500 kbit/s of video.
      let video = 485_000 + (i % 10) * 5_500
      _ = cap.update(estimate: Int(Double(video) / 0.92) + 40_000, at: milliseconds(i * 100))
      if cap.cap != before { changes += 1 }
    }
    #expect(changes == 0)
  }

  @Test("for two seconds after rises, what an encoder follows is the cap before them")
  func followed() {
    var cap = EncoderCap(start: 300_000)
    var seen: [Int64: (cap: Int, followed: Int)] = [:]
    for ms in stride(from: 0, through: 6_000, by: 100) as StrideThrough<Int64> {
      _ = cap.update(estimate: 1_200_000, at: milliseconds(ms))
      seen[ms] = (cap.cap, cap.followed(at: milliseconds(ms)))
    }
    #expect(seen[900].map { $0 == (300_000, 300_000) } == true)
    #expect(seen[1_000].map { $0 == (600_000, 300_000) } == true)
    #expect(seen[1_800].map { $0 == (1_067_200, 300_000) } == true)
    #expect(seen[3_700].map { $0 == (1_067_200, 300_000) } == true)
    #expect(seen[3_800].map { $0 == (1_067_200, 1_067_200) } == true)
    _ = cap.update(estimate: 200_000, at: milliseconds(6_100))
    #expect(cap.followed(at: milliseconds(6_100)) == cap.cap)
  }

  @Test("it is told again every two seconds, and never below the floor")
  func floor() {
    var cap = EncoderCap(start: 500_000)
    var told: [Int] = []
    for ms in stride(from: 0, through: 10_000, by: 100) as StrideThrough<Int64> {
      if let rate = cap.update(estimate: 60_000, at: milliseconds(ms)) { told.append(rate) }
    }
    #expect(told == Array(repeating: 120_000, count: 6))
    #expect(cap.isBelowFloor)
    _ = cap.update(estimate: -5, at: milliseconds(11_000))
    _ = cap.update(estimate: .max, at: milliseconds(12_000))
    #expect(!cap.isBelowFloor)
    #expect(cap.cap <= 2_500_000)
  }
}
