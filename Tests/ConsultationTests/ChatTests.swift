import Consultation
import Testing

@Suite("Chat")
struct ChatTests {
  private func words(_ text: String) throws -> ChatText { try #require(ChatText(rawValue: text)) }

  private func read(_ room: Room, _ id: ParticipantID) -> [String] {
    room.chat(for: id).map(\.text.rawValue)
  }

  @Test("a text is bounded and holds nothing invisible that deceives")
  func texts() {
    #expect(ChatText(rawValue: "  Bonjour !\nÇa va ? \u{1F468}\u{200D}\u{1F469}  ") != nil)
    #expect(ChatText(rawValue: " a ")?.rawValue == "a")
    #expect(ChatText(rawValue: String(repeating: "é", count: 1000)) != nil)
    for text in [
      "", " \n ", String(repeating: "é", count: 1001), "a\u{0}b", "a\u{202E}b", "a\u{2066}b",
      "a\u{1B}[1m", "a\u{E000}",
    ] {
      #expect(ChatText(rawValue: text) == nil, "\(text.debugDescription)")
    }
  }

  @Test(
    "goes to those inside, never to or from the waiting room; who comes later reads nothing of it")
  func waiting() throws {
    var room = try ConsultationTests.room("room", waitingRoom: true)
    let (physician, patient) = (try person("physician"), try person("patient"))
    let (other, relative) = (try person("other"), try person("relative"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    #expect(throws: RoomError.nobodyToTell) { try room.write(physician, words("?"), at: noon) }
    for (id, role) in [
      (patient, ParticipantRole.patient), (other, .patient), (relative, .relative),
    ] {
      _ = try room.join(id, role: role, name: nil, at: noon)
    }
    _ = try room.admit(patient, by: physician)
    #expect(try room.write(physician, words("1"), at: noon) == [.wrote(physician, to: [patient])])
    #expect(throws: RoomError.waiting) { try room.write(other, words("2"), at: noon) }
    _ = try room.admit(relative, by: physician)
    _ = try room.write(patient, words("3"), at: noon)
    #expect(read(room, physician) == ["1", "3"] && read(room, patient) == ["1", "3"])
    #expect(read(room, relative) == ["3"] && read(room, other).isEmpty)
    // Put back, one reads nothing; let in again, what one could read before.
    _ = try room.hold(patient, by: physician)
    #expect(read(room, patient).isEmpty)
    _ = try room.write(physician, words("4"), at: noon)
    _ = try room.admit(patient, by: physician)
    #expect(read(room, patient) == ["1", "3"] && read(room, relative) == ["3", "4"])
  }

  @Test("one patient never reads another one, whoever let both in")
  func patients() throws {
    var room = try ConsultationTests.room("room")
    let (physician, one, other) = (try person("p"), try person("one"), try person("other"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(one, role: .patient, name: nil, at: noon)
    _ = try room.join(other, role: .patient, name: nil, at: noon)
    _ = try room.write(one, words("mine"), at: noon)
    #expect(read(room, other).isEmpty && read(room, physician) == ["mine"])
  }

  @Test("stays within an aside, and those on hold reach nobody")
  func aside() throws {
    var room = try ConsultationTests.room("room")
    let (physician, patient, expert) = (try person("p"), try person("patient"), try person("e"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    _ = try room.join(expert, role: .expert, name: nil, at: noon)
    _ = try room.setAside(true, by: physician)
    #expect(throws: RoomError.onHold) { try room.write(patient, words("?"), at: noon) }
    _ = try room.write(expert, words("between us"), at: noon)
    _ = try room.setAside(false, by: physician)
    #expect(read(room, patient).isEmpty && read(room, physician) == ["between us"])
    #expect(room.chat(for: physician)[0].isAside)
  }

  @Test("an observer writes nothing, and reads what passes")
  func observer() throws {
    var room = try ConsultationTests.room("room")
    let (physician, observer) = (try person("p"), try person("o"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(observer, role: .observer, name: nil, at: noon)
    #expect(throws: RoomError.forbidden(.observer, .publish)) {
      try room.write(observer, words("x"), at: noon)
    }
    _ = try room.write(physician, words("y"), at: noon)
    #expect(read(room, observer) == ["y"])
  }

  @Test("does not pass a consent that is missing")
  func consent() throws {
    var room = try consenting([.act], limit: 5, waitingRoom: false)
    let (physician, patient) = (try person("p"), try person("patient"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    #expect(throws: RoomError.nobodyToTell) { try room.write(physician, words("x"), at: noon) }
    _ = try room.answer(true, .act, patient, about: nil)
    _ = try room.write(physician, words("y"), at: noon)
    #expect(read(room, patient) == ["y"])
  }

  @Test(
    "what nobody who is here may read is forgotten, and no more than two hundred texts are kept")
  func bounds() throws {
    var room = try ConsultationTests.room("room")
    let (physician, patient) = (try person("p"), try person("patient"))
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    for number in 1...250 { _ = try room.write(patient, words("\(number)"), at: noon) }
    #expect(read(room, physician).count == 200 && read(room, physician).last == "250")
    _ = try room.leave(physician, reason: .left)
    #expect(read(room, patient).count == 200)
    _ = try room.leave(patient, reason: .left)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    #expect(read(room, patient).isEmpty)
  }
}
