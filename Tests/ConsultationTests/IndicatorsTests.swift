import Testing

@testable import Consultation

@Suite("Indicators")
struct IndicatorsTests {
  private func at(_ seconds: Int64) -> WallClock { WallClock(milliseconds: seconds * 1000) }

  private func person(
    _ role: ParticipantRole, from: Int64, to: Int64?, _ reason: LeaveReason = .left,
    _ passages: [(DoorEvent, Int64)] = []
  ) throws -> ParticipantRecord {
    ParticipantRecord(
      id: try #require(ParticipantID(rawValue: "\(role.rawValue)-\(from)")), role: role, name: nil,
      joinedAt: at(from), passages: passages.map { .init($0.0, at: at($0.1), by: nil) },
      end: to.map { .init(at: at($0), reason: reason) })
  }

  private func counted(
    _ people: [[ParticipantRecord]], _ time: MediaTime = .none
  ) -> Indicators {
    var sum = Indicators(group: "direct")
    for one in people { sum.count(one, of: .direct, time, ActRule(seconds: 60), at: at(1000)) }
    return sum
  }

  @Test("patient and physician meet inside, not in the waiting room")
  func meetings() throws {
    let sum = counted([
      [],
      [try person(.physician, from: 0, to: 50)],
      // Never at one time.
      [try person(.patient, from: 0, to: 10), try person(.physician, from: 10, to: 90)],
      // Together while it waits.
      [
        try person(.patient, from: 0, to: 100, .connectionLost, [(.waiting, 0)]),
        try person(.physician, from: 0, to: 100),
      ],
      // 30 s, held, 40 s.
      [
        try person(
          .patient, from: 0, to: 200, .left,
          [(.waiting, 0), (.admitted, 12), (.held, 42), (.admitted, 160)]),
        try person(.physician, from: 5, to: 200),
      ],
      // Twice there: what overlaps counts once. Still there.
      [
        try person(.patient, from: 0, to: 20), try person(.patient, from: 10, to: 40),
        try person(.physician, from: 0, to: 300), try person(.relative, from: 0, to: nil),
      ],
    ])
    #expect(sum.booked == 6 && sum.attempted == 5)
    #expect(sum.patientMissing == 1)
    // However long they were together: no media, no act.
    #expect(sum.met == 2 && sum.completed == 0)
    #expect(sum.durations == [70, 40])
    #expect(sum.waits == [12])
    #expect(sum.stays == 11 && sum.dropped == 1)
  }

  @Test("an act is complete by the media that passed, at exactly so many seconds")
  func acts() {
    for (media, video, outcome) in [
      (0, 0, ActRule.Outcome.notCompleted), (59, 59, .notCompleted), (60, 0, .completed),
      (60, 59, .completed), (60, 60, .completedWithVideo), (600, 60, .completedWithVideo),
    ] {
      let time = MediaTime(media: media, video: video)
      #expect(ActRule(seconds: 60).outcome(of: time) == outcome, "\(media) \(video)")
      let sum = counted([[]], time)
      #expect(sum.completed == (outcome == .notCompleted ? 0 : 1))
      #expect(sum.completedWithVideo == (outcome == .completedWithVideo ? 1 : 0))
    }
    #expect(ActRule(seconds: 0).outcome(of: .none) == .notCompleted)
    #expect(MediaTime(media: 3, video: 9) == MediaTime(media: 3, video: 3))
    #expect(MediaTime(media: -1, video: -1) == .none)
  }

  @Test("percentiles are of what was seen")
  func percentiles() {
    #expect(Indicators.percentile([], 0.5) == nil)
    #expect(Indicators.percentile([3], 0.95) == 3)
    #expect(Indicators.percentile([4, 1, 3, 2], 0.5) == 3)
    #expect(Indicators.percentile(Array(1...100).map(Double.init), 0.95) == 96)
    #expect(Indicators.mean([1, 2]) == 1.5 && Indicators.mean([]) == nil)
  }
}
