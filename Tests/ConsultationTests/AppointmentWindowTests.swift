import Consultation
import Testing

@Suite("The window of an appointment")
struct AppointmentWindowTests {
  private func moment(_ seconds: Int64) -> WallClock { WallClock(milliseconds: seconds * 1000) }

  private func room(_ notBefore: Int64?, _ notAfter: Int64?) throws -> Room {
    let window = try #require(
      AppointmentWindow(notBefore: notBefore.map(moment), notAfter: notAfter.map(moment)))
    return Room(
      ConsultationRecord(
        id: try #require(ConsultationID(rawValue: "room")), kind: .direct, createdAt: moment(0),
        window: window), participantLimit: 6)
  }

  @Test("lets in from its beginning until before its end, whoever it is")
  func bounds() throws {
    for role in [ParticipantRole.patient, .physician, .interpreter] {
      var room = try room(100, 200)
      let ann = try person("ann")
      #expect(throws: RoomError.tooEarly(moment(100), seconds: 11)) {
        try room.join(ann, role: role, name: nil, at: moment(90))
      }
      #expect(throws: RoomError.tooLate(moment(200))) {
        try room.join(ann, role: role, name: nil, at: moment(200))
      }
      #expect(room.present.isEmpty)
      _ = try room.join(ann, role: role, name: nil, at: moment(100))
      // Whoever is inside stays, and comes back after a lost connection.
      _ = try room.suspend(ann)
      #expect(try room.resume(ann) == [.resumed(ann)])
    }
    for (before, after) in [(nil, nil), (nil, 200), (100, nil)] as [(Int64?, Int64?)] {
      var room = try room(before, after)
      _ = try room.join(person("ann"), role: .patient, name: nil, at: moment(150))
    }
  }

  @Test("ends after it begins")
  func order() {
    #expect(AppointmentWindow(notBefore: moment(2), notAfter: moment(2)) == nil)
    #expect(AppointmentWindow(notBefore: moment(2), notAfter: moment(1)) == nil)
    #expect(AppointmentWindow(notBefore: nil, notAfter: nil) == .always)
  }
}
