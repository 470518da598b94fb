import Consultation
import Testing

@Suite("Voices in one stream")
struct VoiceMixTests {
  private let ann: ParticipantID
  private let bob: ParticipantID
  private let eve: ParticipantID
  private let face = TrackID(rawValue: 1)
  private let voice = TrackID(rawValue: 2)
  private let opinion = TrackID(rawValue: 3)

  init() throws { (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve")) }

  /// A physician who listens, a patient and an expert who speak.
  private func scene(_ purposes: [ConsentPurpose] = [], isEncrypted: Bool = false) throws -> Room {
    var room = try consenting(purposes)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(eve, role: .expert, name: nil, at: noon)
    _ = try room.publish(ann, .camera, as: face, muted: nil)
    _ = try room.publish(ann, .microphone, as: voice, muted: nil, isEncrypted: isEncrypted)
    _ = try room.publish(eve, .microphone, as: opinion, muted: nil)
    return room
  }

  private func mix(_ tracks: [(TrackID, ParticipantID)]? = nil) -> VoiceMix {
    VoiceMix(
      listener: bob,
      voices: (tracks ?? [(voice, ann), (opinion, eve)]).map { .init(track: $0, subject: $1) })
  }

  @Test(
    "are of two that the listener may hear, once, through mutes, until one of them may not be heard"
  )
  func begins() throws {
    var room = try scene()
    #expect(!room.mayMix(mix()))
    #expect(try room.beginMix(mix()) == [.mixBegan(mix())])
    #expect(try room.beginMix(mix()) == [])
    _ = try room.setMuted(ann, voice, true)
    #expect(room.mayMix(mix()) && room.mixes == [mix()])
    for end: (inout Room) throws -> Void in [
      { _ = try $0.leave(ann, reason: .left) }, { _ = try $0.leave(bob, reason: .left) },
      { _ = try $0.setAside(true, by: bob) }, { _ = try $0.end(by: .physician) },
      { _ = try $0.unpublish(eve, opinion, keepingMute: false) },
    ] {
      var next = room
      try end(&next)
      #expect(!next.mayMix(mix()))
    }
    #expect(room.endMix(for: bob) == [.mixEnded(mix())])
    #expect(room.endMix(for: bob) == [] && room.mixes.isEmpty)
  }

  @Test(
    "are neither of one voice, nor of a picture, nor of somebody else's, nor of the listener's own")
  func refused() throws {
    var room = try scene()
    let own = TrackID(rawValue: 4)
    _ = try room.publish(bob, .microphone, as: own, muted: nil)
    for tracks in [
      [(voice, ann)], [(voice, ann), (voice, ann)], [(voice, ann), (face, ann)],
      [(voice, eve), (opinion, eve)], [(voice, ann), (own, bob)],
      [(voice, ann), (TrackID(rawValue: 9), eve)],
    ] {
      #expect(throws: RoomError.noSuchTrack) { try room.beginMix(mix(tracks)) }
    }
    #expect(room.mixes.isEmpty)
  }

  @Test("are not of what is encrypted end to end")
  func encrypted() throws {
    var room = try scene(isEncrypted: true)
    #expect(throws: RoomError.encrypted(voice)) { try room.beginMix(mix()) }
  }

  @Test("need the consent to the act and no other, and end when it is withdrawn")
  func consent() throws {
    var room = try scene([.act])
    #expect(throws: RoomError.noSuchTrack) { try room.beginMix(mix()) }
    _ = try room.answer(true, .act, ann)
    #expect(try room.beginMix(mix()) == [.mixBegan(mix())])
    _ = try room.answer(false, .act, ann)
    #expect(!room.mayMix(mix()))
  }
}
