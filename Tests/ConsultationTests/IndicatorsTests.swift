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

  private func counted(_ people: [[ParticipantRecord]]) throws -> Indicators {
    var sum = Indicators(kind: .direct)
    let id = try #require(ConsultationID(rawValue: "c"))
    for one in people {
      sum.count(ConsultationRecord(id: id, kind: .direct, createdAt: at(0)), one, at: at(1000))
    }
    return sum
  }

  @Test(
    "patient and physician meet inside, not in the waiting room; an act takes a minute together")
  func acts() throws {
    let sum = try counted([
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
    #expect(sum.met == 2 && sum.completed == 1)
    #expect(sum.durations == [70, 40])
    #expect(sum.waits == [12])
    #expect(sum.stays == 11 && sum.dropped == 1)
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
