import Consultation
import Testing

@Suite("Still images")
struct ImageCaptureTests {
  private let ann: ParticipantID
  private let bob: ParticipantID
  private let eve: ParticipantID
  private let face = TrackID(rawValue: 1)
  private let voice = TrackID(rawValue: 2)
  private let file: FileID

  init() throws {
    (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve"))
    file = try #require(FileID(rawValue: "f_abc"))
  }

  /// A patient, who publishes, a physician and an interpreter.
  private func scene(_ purposes: [ConsentPurpose] = [.imageCapture]) throws -> Room {
    var room = try consenting(purposes)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.join(eve, role: .interpreter, name: nil, at: noon)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    _ = try room.publish(ann, .microphone, as: voice, muted: nil)
    _ = try room.publish(eve, .camera, as: TrackID(rawValue: 3), muted: nil)
    return room
  }

  private func finish(_ room: inout Room, _ capture: ImageCapture) throws -> [RoomEffect] {
    try room.finish(
      capture, as: file, type: .png, size: 3, sha256: "00", handover: nil)
  }

  @Test("are not taken of what is encrypted end to end, whatever was agreed to")
  func encrypted() throws {
    var room = try scene()
    _ = try room.answer(true, .imageCapture, ann)
    _ = try room.unpublish(ann, face, keepingMute: false)
    _ = try room.publish(ann, .camera, as: face, muted: nil, isEncrypted: true)
    #expect(throws: RoomError.encrypted(face)) { try room.beginCapture(of: face, by: bob) }
    #expect(room.captures.isEmpty)
  }

  @Test(
    "need the consent: asked, given, refused and withdrawn, and a consultation that asks for it")
  func consent() throws {
    var room = try scene()
    let missing = RoomError.consentMissing(.imageCapture)
    #expect(throws: missing) { try room.beginCapture(of: face, by: bob) }
    _ = try room.answer(true, .imageCapture, ann)
    let capture = ImageCapture(track: face, subject: ann, actor: bob)
    #expect(try room.beginCapture(of: face, by: bob) == [.captureBegan(capture)])
    #expect(room.captures == [capture] && room.mayCapture(capture))
    #expect(throws: RoomError.captureUnderWay) { try room.beginCapture(of: face, by: bob) }
    _ = try room.answer(false, .imageCapture, ann)
    #expect(!room.mayCapture(capture))
    #expect(throws: missing) { try finish(&room, capture) }
    #expect(room.abandon(capture) == [.captureEnded(capture, nil)])
    #expect(room.abandon(capture).isEmpty && room.captures.isEmpty)
    #expect(throws: missing) { try room.beginCapture(of: face, by: bob) }

    var open = try scene([])
    #expect(throws: missing) { try open.beginCapture(of: face, by: bob) }
  }

  @Test("are shared as a file of the physician with all who may read it, the patient among them")
  func shared() throws {
    var room = try scene()
    _ = try room.answer(true, .imageCapture, ann)
    guard case .captureBegan(let capture) = try room.beginCapture(of: face, by: bob).first else {
      Issue.record("it did not begin")
      return
    }
    let effects = try finish(&room, capture)
    #expect(effects.first == .captureEnded(capture, file))
    guard case .shared(let shared) = effects.last else {
      Issue.record("\(effects)")
      return
    }
    #expect(shared.owner == bob && shared.recipients == [ann, eve] && room.captures.isEmpty)
  }

  @Test("are a physician's, of pictures that show the patient, and of all patients' consent")
  func who() throws {
    var room = try scene()
    _ = try room.answer(true, .imageCapture, ann)
    for (id, role) in [(ann, ParticipantRole.patient), (eve, .interpreter)] {
      #expect(throws: RoomError.forbidden(role, .captureImages)) {
        try room.beginCapture(of: face, by: id)
      }
    }
    for track in [voice, TrackID(rawValue: 3), TrackID(rawValue: 9)] {
      #expect(throws: RoomError.noSuchTrack) { try room.beginCapture(of: track, by: bob) }
    }
    let other = try person("other")
    _ = try room.join(other, role: .patient, name: nil, at: noon)
    #expect(throws: RoomError.consentMissing(.imageCapture)) {
      try room.beginCapture(of: face, by: bob)
    }
  }

  @Test(
    "end when the track, the patient or the physician goes, with a mute, and with an aside without the patient"
  )
  func ends() throws {
    let steps: [(inout Room) throws -> Void] = [
      { [face, ann] in _ = try $0.unpublish(ann, face, keepingMute: false) },
      { [ann] in _ = try $0.leave(ann, reason: .left) },
      { [bob] in _ = try $0.leave(bob, reason: .left) },
      { [bob] in _ = try $0.setAside(true, by: bob) },
      { [face, ann] in _ = try $0.setMuted(ann, face, true) },
    ]
    for step in steps {
      var room = try scene()
      _ = try room.answer(true, .imageCapture, ann)
      _ = try room.beginCapture(of: face, by: bob)
      let capture = try #require(room.captures.first)
      #expect(room.mayCapture(capture))
      try step(&room)
      #expect(!room.mayCapture(capture))
    }
  }
}
