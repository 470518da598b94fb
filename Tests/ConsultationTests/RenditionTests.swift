import Consultation
import Testing

@Suite("Smaller pictures for narrow paths")
struct RenditionTests {
  private let ann: ParticipantID
  private let bob: ParticipantID
  private let face = TrackID(rawValue: 1)
  private let voice = TrackID(rawValue: 2)

  init() throws { (ann, bob) = (try person("ann"), try person("bob")) }

  /// A patient, who publishes, and a physician.
  private func scene(_ purposes: [ConsentPurpose] = []) throws -> Room {
    var room = try consenting(purposes)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    _ = try room.publish(ann, .microphone, as: voice, muted: nil)
    return room
  }

  @Test("are not made of what is encrypted end to end")
  func encrypted() throws {
    var room = try scene()
    _ = try room.unpublish(ann, face, keepingMute: false)
    _ = try room.publish(ann, .camera, as: face, muted: nil, isEncrypted: true)
    #expect(throws: RoomError.encrypted(face)) { try room.beginRendition(of: face) }
    #expect(room.renditions.isEmpty && room.mayReceive(bob, face))
  }

  @Test(
    "are made of a camera that somebody may receive, once, and end with mute, leaving and the last receiver"
  )
  func begins() throws {
    var room = try scene()
    let rendition = Rendition(track: face, subject: ann)
    #expect(!room.mayRender(rendition))
    #expect(try room.beginRendition(of: face) == [.renditionBegan(rendition)])
    #expect(try room.beginRendition(of: face) == [])
    #expect(room.mayRender(rendition) && room.renditions == [rendition])
    for end: (inout Room) throws -> Void in [
      { _ = try $0.setMuted(ann, face, true) }, { _ = try $0.leave(ann, reason: .left) },
      { _ = try $0.leave(bob, reason: .left) },
      { _ = try $0.unpublish(ann, face, keepingMute: false) },
    ] {
      var next = room
      try end(&next)
      #expect(!next.mayRender(rendition))
    }
    #expect(room.endRendition(of: face) == [.renditionEnded(rendition)])
    #expect(room.endRendition(of: face) == [] && !room.mayRender(rendition))
    for track in [voice, TrackID(rawValue: 99)] {
      #expect(throws: RoomError.noSuchTrack) { try room.beginRendition(of: track) }
    }
    #expect(room.renditions.isEmpty)
  }

  @Test("need the consent to the act and no other, and end when it is withdrawn")
  func consent() throws {
    var room = try scene([.act])
    #expect(throws: RoomError.noSuchTrack) { try room.beginRendition(of: face) }
    #expect(room.renditions.isEmpty)
    _ = try room.answer(true, .act, ann)
    let rendition = Rendition(track: face, subject: ann)
    #expect(try room.beginRendition(of: face) == [.renditionBegan(rendition)])
    _ = try room.answer(false, .act, ann)
    #expect(!room.mayRender(rendition))
  }
}
