import Consultation
import Testing

@Suite("A private aside")
struct AsideTests {
  private let patient: ParticipantID
  private let physician: ParticipantID
  private let expert: ParticipantID
  private let relative: ParticipantID
  private var room: Room

  init() throws {
    (patient, physician) = (try person("patient"), try person("physician"))
    (expert, relative) = (try person("expert"), try person("relative"))
    room = try ConsultationTests.room("room")
    let roles: [(ParticipantID, ParticipantRole)] = [
      (physician, .physician), (patient, .patient), (expert, .expert), (relative, .relative),
    ]
    for (number, (id, role)) in roles.enumerated() {
      _ = try room.join(id, role: role, name: nil, at: noon)
      _ = try room.publish(id, .microphone, as: TrackID(rawValue: UInt64(number)), muted: nil)
    }
  }

  private func hears(_ room: Room, _ one: ParticipantID) -> Set<ParticipantID> {
    Set(room.receivable(by: one).map(\.0))
  }

  @Test(
    "is among physicians and experts: everyone else neither hears nor is heard, also among themselves"
  )
  func among() throws {
    var room = room
    #expect(try room.setAside(true, by: physician) == [.asideBegan(by: physician)])
    #expect(hears(room, physician) == [expert] && hears(room, expert) == [physician])
    #expect(hears(room, patient).isEmpty && hears(room, relative).isEmpty)
    #expect(room.isInAside(expert) && !room.isInAside(patient))
    #expect(room.roster.count == 4)
    #expect(try room.setAside(true, by: physician).isEmpty)
    #expect(try room.setAside(false, by: physician) == [.asideEnded(by: physician)])
    #expect(hears(room, patient) == [physician, expert, relative])
  }

  @Test("is begun and ended by a physician alone")
  func actors() throws {
    var room = room
    for (id, role) in [
      (patient, ParticipantRole.patient), (expert, .expert), (relative, .relative),
    ] {
      #expect(throws: RoomError.forbidden(role, .beginAside)) { try room.setAside(true, by: id) }
    }
    _ = try room.setAside(true, by: physician)
    #expect(throws: RoomError.forbidden(.expert, .beginAside)) {
      try room.setAside(false, by: expert)
    }
  }

  @Test("ends with the last physician, so that nobody stays on hold for ever")
  func abandoned() throws {
    var room = room
    _ = try room.setAside(true, by: physician)
    let effects = try room.leave(physician, reason: .connectionLost)
    #expect(effects.last == .asideEnded(by: nil))
    #expect(hears(room, patient) == [expert, relative])
  }

  @Test("who comes during it is where the role belongs")
  func latecomers() throws {
    var room = room
    _ = try room.setAside(true, by: physician)
    let (second, observer) = (try person("second"), try person("observer"))
    _ = try room.join(second, role: .expert, name: nil, at: noon)
    _ = try room.join(observer, role: .observer, name: nil, at: noon)
    #expect(hears(room, second) == [physician, expert])
    #expect(hears(room, observer).isEmpty)
  }
}
