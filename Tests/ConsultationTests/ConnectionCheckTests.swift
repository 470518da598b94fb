import Consultation
import Testing

@Suite("A look at device and connection")
struct ConnectionCheckTests {
  private func check(
    up: Int = 1_000_000, down: Int = 1_000_000, lost: (up: Int, down: Int) = (0, 0),
    roundTrip: Int? = 50, sound: Int? = 430, seconds: Int = 8,
    reached: Set<ConnectionCheck.Route> = [.udp]
  ) -> ConnectionCheck {
    ConnectionCheck(
      camera: .works, microphone: .works, tried: [.udp, .tcp], reached: reached,
      figures: .init(
        up: .init(rate: up, loss: lost.up), down: .init(rate: down, loss: lost.down),
        roundTrip: roundTrip, sound: sound, seconds: seconds))
  }

  @Test("says what the narrower way carries, sound before pictures")
  func verdicts() {
    #expect(check().verdict == .good)
    #expect(check(roundTrip: nil).verdict == .good)
    #expect(check(up: 500_000, down: 500_000).verdict == .good)
    #expect(check(up: 499_999).verdict == .reduced)
    #expect(check(down: 499_999).verdict == .reduced)
    #expect(check(lost: (11, 0)).verdict == .reduced)
    #expect(check(lost: (0, 11)).verdict == .reduced)
    #expect(check(roundTrip: 401).verdict == .reduced)
    #expect(check(up: 150_000).verdict == .reduced)
    #expect(check(up: 149_999).verdict == .sound)
    #expect(check(down: 149_999).verdict == .sound)
    #expect(check(lost: (51, 0)).verdict == .poor)
    #expect(check(lost: (0, 51)).verdict == .poor)
    #expect(check(up: 40_000, sound: 309).verdict == .poor)
    #expect(check(up: 40_000, sound: 310).verdict == .sound)
  }

  @Test("says nothing of what was not measured, and that nothing got through where nothing did")
  func unmeasured() {
    #expect(check(seconds: 1).verdict == .unknown)
    #expect(check(sound: nil).verdict == .unknown)
    #expect(check(seconds: 1, reached: []).verdict == .unreachable)
    let silent = ConnectionCheck(
      camera: .missing, microphone: .silent, tried: [], reached: [], figures: nil)
    #expect(silent.verdict == .unknown)
    let blocked = ConnectionCheck(
      camera: .works, microphone: .works, tried: [.udp, .tcp, .relay], reached: [], figures: nil)
    #expect(blocked.verdict == .unreachable)
  }

  @Test("holds figures within their bounds, whatever was counted")
  func bounds() {
    let way = ConnectionCheck.Way(rate: -1, loss: 1001)
    #expect(way.rate == 0 && way.loss == 1000)
    #expect(ConnectionCheck.Way(rate: .max, loss: -1) == .init(rate: 1_000_000_000, loss: 0))
  }

  @Test("is of who waits: nobody who is inside, and nobody who is not here, has one")
  func waitingOnly() throws {
    var room = try ConsultationTests.room(waitingRoom: true)
    let (doctor, patient) = (try person("doctor"), try person("patient"))
    _ = try room.join(doctor, role: .physician, name: nil, at: noon)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    #expect(try room.note(check(), of: patient) == [.checked(patient, check())])
    #expect(room[patient]?.check == check())
    #expect(throws: RoomError.notWaiting) { try room.note(check(), of: doctor) }
    #expect(throws: RoomError.noSuchParticipant) { try room.note(check(), of: person("none")) }
    _ = try room.admit(patient, by: doctor)
    let before = room[patient]
    #expect(throws: RoomError.notWaiting) { try room.note(check(up: 1), of: patient) }
    #expect(room[patient] == before)
  }
}
