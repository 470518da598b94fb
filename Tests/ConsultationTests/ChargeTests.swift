import Consultation
import Testing

@Suite("The physician in charge")
struct ChargeTests {
  private let first: ParticipantID
  private let second: ParticipantID
  private let patient: ParticipantID

  init() throws {
    (first, second) = (try person("first"), try person("second"))
    patient = try person("patient")
  }

  @Test("is who came first, then whom it was handed to, who is told from whom")
  func transfer() throws {
    var room = try ConsultationTests.room("room")
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    #expect(room.inCharge == nil)
    let arrival = try room.join(first, role: .physician, name: nil, at: noon)
    #expect(!arrival.contains { if case .chargeTaken = $0 { true } else { false } })
    #expect(room.inCharge == first)
    _ = try room.join(second, role: .physician, name: nil, at: noon)
    #expect(room.inCharge == first)
    #expect(throws: RoomError.notInCharge) { try room.transfer(to: second, by: second) }
    #expect(throws: RoomError.cannotTakeCharge(.patient)) {
      try room.transfer(to: patient, by: first)
    }
    #expect(throws: RoomError.forbidden(.patient, .takeCharge)) {
      try room.transfer(to: second, by: patient)
    }
    #expect(
      try room.transfer(to: second, by: first)
        == [.chargeTaken(by: second, from: first, .transfer)])
    #expect(room.inCharge == second)
    // Who has handed over may stay, or go without taking anything along.
    #expect(try room.leave(first, reason: .left) == [.left(first, .left)])
  }

  @Test(
    "what is offered is taken by the next physician who comes, also when the first has left by then"
  )
  func byLink() throws {
    for leaves in [true, false] {
      var room = try ConsultationTests.room("room", waitingRoom: true)
      _ = try room.join(first, role: .physician, name: nil, at: noon)
      _ = try room.join(patient, role: .patient, name: nil, at: noon)
      #expect(try room.transfer(to: nil, by: first) == [.chargeOffered(by: first)])
      #expect(try room.transfer(to: nil, by: first).isEmpty)
      if leaves { _ = try room.leave(first, reason: .left) }
      #expect(room.inCharge == (leaves ? nil : first))
      let arrival = try room.join(second, role: .physician, name: nil, at: noon)
      #expect(arrival.contains(.chargeTaken(by: second, from: first, .transfer)))
      // The waiting patient is the colleague's now.
      _ = try room.admit(patient, by: second)
    }
  }

  @Test("goes on to who is here longest when the one in charge leaves")
  func departure() throws {
    var room = try ConsultationTests.room("room")
    for id in [first, second] { _ = try room.join(id, role: .physician, name: nil, at: noon) }
    let effects = try room.leave(first, reason: .connectionLost)
    #expect(effects.last == .chargeTaken(by: second, from: first, .departure))
    _ = try room.leave(second, reason: .left)
    #expect(room.inCharge == nil)
  }
}
