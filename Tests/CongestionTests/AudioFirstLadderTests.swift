import Congestion
import Testing
import Wire

@Suite struct AudioFirstLadderTests {
  let needs = LadderNeeds(full: 500_000, reduced: 300_000, lowest: 120_000)

  /// Feeds an estimate each 100 ms; the moves with their times.
  private func run(
    _ ladder: inout AudioFirstLadder, from: Int64, to: Int64, loss: Double = 0,
    silent: Bool = false, needs: LadderNeeds? = nil, estimate: (Int64) -> Int
  ) -> [(ms: Int64, change: AudioFirstLadder.Change)] {
    var moves: [(Int64, AudioFirstLadder.Change)] = []
    for ms in stride(from: from, to: to, by: 100) {
      let change = ladder.update(
        estimate: estimate(ms), loss: loss, isSilent: silent, needs: needs ?? self.needs,
        at: milliseconds(ms))
      if let change { moves.append((ms, change)) }
    }
    return moves
  }

  @Test("each step is taken as the path narrows, and sound keeps its reserve")
  func down() {
    var ladder = AudioFirstLadder()
    let moves = run(&ladder, from: 0, to: 50_000) { 600_000 - Int($0) * 12 }
    #expect(moves.map(\.change.to) == [.reduced, .lowest, .videoOff, .audioOnly])
    #expect(moves.allSatisfy { $0.change.reason == .bandwidth })
    // 540 kbit/s is where full and sound no longer fit together.
    #expect((5_000...5_700).contains(moves[0].ms))
    #expect(ladder.picture == nil)
  }

  @Test("a sharp fall does not wait, a short dip is waited out")
  func severe() {
    var ladder = AudioFirstLadder()
    #expect(run(&ladder, from: 0, to: 400) { _ in 480_000 }.isEmpty)
    #expect(run(&ladder, from: 400, to: 1_000) { _ in 600_000 }.isEmpty)
    let moves = run(&ladder, from: 1_000, to: 1_200) { _ in 200_000 }
    #expect(moves.map(\.ms) == [1_000])
    #expect(moves.first?.change == .init(from: .full, to: .lowest, reason: .bandwidth))
  }

  @Test("up one step at a time, with something to spare, for three seconds")
  func up() {
    var ladder = AudioFirstLadder(step: .audioOnly)
    let moves = run(&ladder, from: 0, to: 20_000) { _ in 900_000 }
    #expect(moves.map(\.change.to) == [.videoOff, .lowest, .reduced, .full])
    #expect(moves.map(\.ms) == [3_000, 6_100, 9_200, 12_300])
    #expect(moves.allSatisfy { $0.change.reason == .recovered })
    ladder = AudioFirstLadder(step: .reduced)
    #expect(run(&ladder, from: 0, to: 20_000) { _ in 600_000 }.isEmpty)
  }

  @Test("a path between two steps does not make the picture come and go")
  func relapse() {
    var ladder = AudioFirstLadder()
    // Carries the full picture only while it is not sent: each try fails after two seconds.
    var tried: Int64 = 0
    var moves = 0
    for ms in stride(from: 0, to: 300_000, by: 100) as StrideTo<Int64> {
      if ladder.step == .full, tried == 0 { tried = ms }
      if ladder.step != .full { tried = 0 }
      let fails = ladder.step == .full && ms - tried > 2_000
      let change = ladder.update(
        estimate: fails ? 450_000 : 800_000, loss: 0, needs: needs, at: milliseconds(ms))
      if change != nil { moves += 1 }
    }
    #expect(moves < 24)
  }

  @Test("detail gives up frames first, motion sharpness; detail is marked when it is not there")
  func priorities() {
    var ladder = AudioFirstLadder(priority: .detail)
    _ = run(&ladder, from: 0, to: 1_000) { _ in 400_000 }
    #expect(ladder.step == .reduced)
    #expect(ladder.picture?.hasFewerFrames == true)
    #expect(ladder.picture?.isLowerLayer == false)
    #expect(!ladder.isBelowDetail)
    ladder.priority = .motion
    #expect(ladder.picture?.hasFewerFrames == false)
    #expect(ladder.picture?.isLowerLayer == true)
    ladder.priority = .detail
    _ = run(&ladder, from: 1_000, to: 2_000) { _ in 200_000 }
    #expect(ladder.isBelowDetail)
  }

  @Test("what silence took away is back at once, and no more than that")
  func silence() {
    var ladder = AudioFirstLadder()
    _ = run(&ladder, from: 0, to: 2_000) { _ in 400_000 }
    #expect(ladder.step == .reduced)
    _ = run(&ladder, from: 2_000, to: 4_000, silent: true) { _ in 20_000 }
    #expect(ladder.step == .audioOnly)
    let up = run(&ladder, from: 4_000, to: 12_000) { _ in 2_000_000 }
    #expect(up.map(\.change.to) == [.videoOff, .lowest, .reduced, .full])
    #expect(up[2].ms < 5_000)
    #expect(up[3].ms >= up[2].ms + 3_000)
  }

  @Test("steps that do not exist are passed over both ways")
  func missing() {
    var ladder = AudioFirstLadder()
    let single = LadderNeeds(full: 120_000)
    let down = run(&ladder, from: 0, to: 2_000, needs: single) { _ in 100_000 }
    #expect(down.map(\.change.to) == [.videoOff])
    let up = run(&ladder, from: 2_000, to: 10_000, needs: single) { _ in 300_000 }
    #expect(up.map(\.change.to) == [.full])
  }

  @Test("loss and silence are told as what they are")
  func reasons() {
    var ladder = AudioFirstLadder()
    let lossy = run(&ladder, from: 0, to: 2_000, loss: 0.5) { _ in 900_000 }
    #expect(lossy.map(\.change.reason) == [.loss])
    ladder = AudioFirstLadder()
    let silent = run(&ladder, from: 0, to: 2_000, silent: true) { _ in 40_000 }
    #expect(silent.map(\.change) == [.init(from: .full, to: .audioOnly, reason: .silence)])
  }
}
