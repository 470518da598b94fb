import Testing
import Wire

@testable import Bench

@Suite struct FrameJudgeTests {
  private static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: 0) + .milliseconds(milliseconds)
  }

  /// Frames of three packets every 33 ms; every `keyEvery`th is a keyframe.
  private static func packets(
    _ frames: Int64, keyEvery: Int64 = 1000
  ) -> [(FrameJudge.Packet, MediaInstant)] {
    (0..<frames * 3).map { n in
      (
        FrameJudge.Packet(
          index: n, startsFrame: n % 3 == 0, endsFrame: n % 3 == 2,
          isKeyframe: n % (3 * keyEvery) == 0, sent: at(n / 3 * 33)), at(n / 3 * 33)
      )
    }
  }

  private static func judge(
    _ packets: some Sequence<(FrameJudge.Packet, MediaInstant)>
  ) -> [MediaInstant] {
    var judge = FrameJudge()
    for (packet, at) in packets { judge.note(packet, at: at) }
    return judge.pictures.map(\.ready)
  }

  @Test("every whole frame is shown when its last packet came, in whatever order they come")
  func whole() {
    let packets = Self.packets(10)
    let expected = (0..<10).map { Self.at(Int64($0) * 33) }
    #expect(Self.judge(packets) == expected)
    let swapped = packets.enumerated().sorted { ($0.offset ^ 1) < ($1.offset ^ 1) }
    #expect(Self.judge(swapped.map(\.element)).count == 10)
    // Twice is not more.
    #expect(Self.judge(packets.flatMap { [$0, $0] }) == expected)
  }

  @Test("without its reference nothing is shown until the next keyframe is whole")
  func broken() {
    let shown = Self.judge(Self.packets(30, keyEvery: 10).filter { $0.0.index != 13 })
    // Frames 0 to 3, then 10 to 29.
    #expect(shown.count == 24)
    #expect(shown[3] == Self.at(3 * 33))
    #expect(shown[4] == Self.at(10 * 33))
  }

  @Test("a packet that comes again lets all that waited for it be shown at once")
  func repaired() {
    var packets = Self.packets(10)
    let (late, _) = packets.remove(at: 13)
    packets.insert((late, Self.at(210)), at: 20)
    let shown = Self.judge(packets)
    #expect(shown.count == 10)
    #expect(shown[4...6].allSatisfy { $0 >= Self.at(198) })
  }

  @Test("nothing is shown before the first keyframe")
  func begins() {
    #expect(Self.judge(Self.packets(10).dropFirst(3)).isEmpty)
  }

  @Test("what waits in vain is bounded, and a keyframe after it is shown all the same")
  func bounded() {
    let shown = Self.judge(Self.packets(4000, keyEvery: 3000).filter { $0.0.index != 1 })
    #expect(shown.count == 1000)
  }

  @Test(
    "pictures wait for what usually comes again, so that they are shown evenly; no longer than 200 ms"
  )
  func waiting() {
    // Every tenth is late, and so are the three behind it.
    func pictures(_ late: Int64) -> [FrameJudge.Picture] {
      (0..<300).map { (n: Int64) in
        let behind = n % 10 < 3 ? Self.at(n / 10 * 330 + late) : Self.at(0)
        return .init(sent: Self.at(n * 33), ready: max(Self.at(n * 33 + 20), behind))
      }
    }
    let even = PictureFlow(
      PictureFlow.shown(pictures(120)), from: Self.at(4000), to: Self.at(9000))
    #expect(even.longestGap < 0.05)
    #expect(even.perSecond > 29)
    let stalled = PictureFlow(
      PictureFlow.shown(pictures(320)), from: Self.at(4000), to: Self.at(9000))
    #expect(stalled.longestGap > 0.1)
  }

  @Test("gaps count to both ends of the interval, and of two pictures in one refresh one is seen")
  func flow() {
    let shown = [100, 133, 140, 166, 466, 500].map { Self.at($0) }
    let flow = PictureFlow(shown, from: Self.at(0), to: Self.at(1000))
    #expect(flow.count == 5)
    #expect(abs(flow.longestGap - 0.5) < 1e-9)
    #expect(flow.freezes == 2)
    #expect(abs(flow.frozen - 0.8) < 1e-9)
    let none = PictureFlow([], from: Self.at(0), to: Self.at(1000))
    #expect(none.count == 0)
    #expect(none.longestGap == 1)
  }
}
