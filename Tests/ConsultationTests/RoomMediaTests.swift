import Consultation
import Testing

@Suite("Media in a room")
struct RoomMediaTests {
  let ann: ParticipantID
  let bob: ParticipantID
  let eve: ParticipantID
  var room: Room

  init() throws {
    (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve"))
    room = try ConsultationTests.room()
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.join(eve, role: .observer, name: nil, at: noon)
  }

  func track(_ number: UInt64) -> TrackID { TrackID(rawValue: number) }

  @Test("each receives all that the others send, not the own, and only on the roster")
  mutating func matrix() throws {
    _ = try room.publish(ann, .camera, as: track(1), muted: nil)
    _ = try room.publish(bob, .microphone, as: track(2), muted: nil)
    #expect(room.receivable(by: ann).map(\.1.track) == [track(2)])
    #expect(room.receivable(by: bob).map(\.1.track) == [track(1)])
    #expect(room.receivable(by: eve).map(\.0) == [ann, bob])
    #expect(!room.mayReceive(ann, track(1)))
    #expect(room.mayReceive(eve, track(1)))
    #expect(!room.mayReceive(try person("mallory"), track(1)))
    #expect(!room.mayReceive(eve, track(9)))
    _ = try room.leave(ann, reason: .left)
    #expect(!room.mayReceive(eve, track(1)))
    #expect(room.receivable(by: ann).isEmpty)
  }

  @Test("an observer sends nothing; a source is published once; a track number is used once")
  mutating func refusals() throws {
    #expect(throws: RoomError.forbidden(.observer, .publish)) {
      try room.publish(eve, .camera, as: track(1), muted: nil)
    }
    _ = try room.publish(ann, .camera, as: track(1), muted: nil)
    #expect(throws: RoomError.sourceInUse(track(1))) {
      try room.publish(ann, .camera, as: track(2), muted: nil)
    }
    #expect(throws: RoomError.trackInUse) {
      try room.publish(bob, .camera, as: track(1), muted: nil)
    }
    #expect(throws: RoomError.noSuchTrack) {
      try room.unpublish(bob, track(1), keepingMute: false)
    }
    #expect(throws: RoomError.noSuchTrack) { try room.setMuted(bob, track(1), true) }
    #expect(throws: RoomError.noSuchParticipant) {
      try room.publish(person("mallory"), .camera, as: track(3), muted: nil)
    }
  }

  @Test("a muted source stays muted while its connection is remade, whatever is asked for")
  mutating func muteSurvives() throws {
    _ = try room.publish(ann, .microphone, as: track(1), muted: false)
    #expect(try room.setMuted(ann, track(1), true) == [.muted(ann, track(1), true)])
    #expect(try room.setMuted(ann, track(1), true).isEmpty)
    _ = try room.unpublish(ann, track(1), keepingMute: true)
    #expect(room[ann]?.hasMuted(.microphone) == true)
    _ = try room.publish(ann, .microphone, as: track(2), muted: false)
    #expect(room[ann]?.publications.first?.muted == true)
    #expect(try room.setMuted(ann, track(2), false) == [.muted(ann, track(2), false)])
    _ = try room.unpublish(ann, track(2), keepingMute: true)
    _ = try room.publish(ann, .microphone, as: track(3), muted: nil)
    #expect(room[ann]?.publications.first?.muted == false)
  }

  @Test(
    "what counts in a picture is the publisher's wish and the physician's, and outlives the connection"
  )
  mutating func priority() throws {
    _ = try room.publish(ann, .camera, as: track(1), muted: false)
    #expect(room[ann]?.publications.first?.priority == .motion)
    #expect(try room.setPriority(ann, track(1), .detail) == [.prioritized(ann, track(1), .detail)])
    #expect(try room.setPriority(ann, track(1), .detail).isEmpty)
    _ = try room.unpublish(ann, track(1), keepingMute: true)
    _ = try room.publish(ann, .camera, as: track(2), muted: nil)
    #expect(room[ann]?.publications.first?.priority == .detail)
    _ = try room.publish(ann, .screen, as: track(3), muted: nil)
    #expect(room[ann]?.publications.last?.priority == .detail)
    #expect(throws: RoomError.noSuchTrack) { try room.setPriority(ann, track(9), .detail) }
  }

  @Test("a track stopped by own wish is forgotten with its mute")
  mutating func muteForgotten() throws {
    _ = try room.publish(ann, .camera, as: track(1), muted: true)
    _ = try room.unpublish(ann, track(1), keepingMute: false)
    _ = try room.publish(ann, .camera, as: track(2), muted: nil)
    #expect(room[ann]?.publications.first?.muted == false)
  }
}
