import Consultation
import Testing

@Suite("Shared files")
struct FileTests {
  private let file: FileID
  private let physician: ParticipantID
  private let patient: ParticipantID

  init() throws {
    file = try #require(FileID(rawValue: "f_abc"))
    (physician, patient) = (try person("physician"), try person("patient"))
  }

  private func room(_ roles: [(ParticipantID, ParticipantRole)]) throws -> Room {
    var room = try ConsultationTests.room("room")
    for (id, role) in roles { _ = try room.join(id, role: role, name: nil, at: noon) }
    return room
  }

  private func share(_ room: inout Room, _ owner: ParticipantID) throws -> [RoomEffect] {
    try room.share(
      file, of: owner, type: .jpeg, size: 3, sha256: "00", handover: nil)
  }

  @Test("the type is read from the content, and what is none of them is none")
  func types() {
    let cases: [([UInt8], FileType?)] = [
      ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg),
      ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
      (Array("RIFF....WEBPVP8 ".utf8), .webp), (Array("%PDF-1.7".utf8), .pdf),
      (Array("RIFF....WAVE".utf8), nil), (Array("<svg onload=".utf8), nil),
      (Array("<html>".utf8), nil), (Array("MZ".utf8), nil), ([], nil), ([0xFF, 0xD8], nil),
      (Array(" %PDF-1.7".utf8), nil),
    ]
    for (octets, type) in cases { #expect(FileType(signature: octets) == type) }
  }

  @Test("an id is a safe name of a file", arguments: ["f_", "a", "f_../x", "f_A", "f_a.b", ""])
  func ids(text: String) { #expect(FileID(rawValue: text) == nil) }

  @Test("is for those who could read the sharer then: nobody who comes later, no other patient")
  func recipients() throws {
    let (other, late) = (try person("other"), try person("late"))
    var room = try room([(physician, .physician), (patient, .patient), (other, .patient)])
    let effects = try share(&room, patient)
    guard case .shared(let shared) = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(shared.recipients == [physician])
    _ = try room.join(late, role: .expert, name: nil, at: noon)
    #expect(try room.fetch(file, by: physician).1 == [.fetched(physician, file)])
    #expect(try room.fetch(file, by: patient).0 == shared)
    for id in [other, late] {
      #expect(throws: RoomError.noSuchFile) { try room.fetch(file, by: id) }
    }
  }

  @Test("honours an aside: nothing to or from those on hold, also of what was shared before")
  func aside() throws {
    let expert = try person("expert")
    var room = try room([(physician, .physician), (patient, .patient), (expert, .expert)])
    _ = try share(&room, physician)
    let still = try #require(FileID(rawValue: "f_still"))
    _ = try room.share(still, of: patient, type: .png, size: 1, sha256: "00", handover: nil)
    _ = try room.setAside(true, by: physician)
    #expect(throws: RoomError.onHold) { try room.fetch(file, by: patient) }
    #expect(throws: RoomError.onHold) { try share(&room, patient) }
    // Those aside look at what the patient has shown before.
    for id in [physician, expert] {
      _ = try room.fetch(file, by: id)
      _ = try room.fetch(still, by: id)
    }
    _ = try room.setAside(false, by: physician)
    _ = try room.fetch(file, by: patient)
  }

  @Test("honours the waiting room")
  func waiting() throws {
    var room = try ConsultationTests.room("room", waitingRoom: true)
    _ = try room.join(physician, role: .physician, name: nil, at: noon)
    _ = try room.join(patient, role: .patient, name: nil, at: noon)
    #expect(throws: RoomError.waiting) { try share(&room, patient) }
    _ = try room.admit(patient, by: physician)
    _ = try share(&room, physician)
    _ = try room.hold(patient, by: physician)
    #expect(throws: RoomError.waiting) { try room.fetch(file, by: patient) }
  }

  @Test("is forgotten when nobody is there any more")
  func forgotten() throws {
    var room = try room([(physician, .physician), (patient, .patient)])
    _ = try share(&room, physician)
    _ = room.dismiss(.serverShutdown)
    #expect(room.files.isEmpty)
  }
}
