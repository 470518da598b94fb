import Consultation
import Testing

@Suite("How loud microphones are")
struct MeasurementTests {
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

  @Test("is not measured of what is encrypted end to end")
  func encrypted() throws {
    var room = try scene()
    _ = try room.unpublish(ann, voice, keepingMute: false)
    _ = try room.publish(ann, .microphone, as: voice, muted: nil, isEncrypted: true)
    #expect(room.measurable.isEmpty)
    #expect(throws: RoomError.encrypted(voice)) { try room.beginMeasurement(of: voice) }
  }

  @Test(
    "is measured of what somebody may receive, once, through mutes, until its end, an aside, and the last receiver"
  )
  func begins() throws {
    var room = try scene()
    let measurement = SoundMeasurement(track: voice, subject: ann)
    #expect(room.measurable == [measurement] && !room.mayMeasure(measurement))
    #expect(try room.beginMeasurement(of: voice) == [.measurementBegan(measurement)])
    #expect(try room.beginMeasurement(of: voice) == [])
    _ = try room.setMuted(ann, voice, true)
    #expect(room.mayMeasure(measurement) && room.measurements == [measurement])
    for end: (inout Room) throws -> Void in [
      { _ = try $0.leave(ann, reason: .left) }, { _ = try $0.leave(bob, reason: .left) },
      { _ = try $0.setAside(true, by: bob) }, { _ = try $0.end(by: .physician) },
      { _ = try $0.unpublish(ann, voice, keepingMute: false) },
    ] {
      var next = room
      try end(&next)
      #expect(!next.mayMeasure(measurement) && next.measurable.isEmpty)
    }
    #expect(room.endMeasurement(of: voice) == [.measurementEnded(measurement)])
    #expect(room.endMeasurement(of: voice) == [] && !room.mayMeasure(measurement))
    for track in [face, TrackID(rawValue: 99)] {
      #expect(throws: RoomError.noSuchTrack) { try room.beginMeasurement(of: track) }
    }
    #expect(room.measurements.isEmpty)
  }

  @Test("nothing is measured in an aside, of those within it either")
  func aside() throws {
    var room = try scene()
    let eve = try person("eve")
    _ = try room.join(eve, role: .expert, name: nil, at: noon)
    let opinion = TrackID(rawValue: 3)
    _ = try room.publish(eve, .microphone, as: opinion, muted: nil)
    #expect(room.measurable.map(\.track) == [voice, opinion])
    _ = try room.setAside(true, by: bob)
    #expect(room.receivers(of: opinion) == [bob] && room.measurable.isEmpty)
    #expect(throws: RoomError.noSuchTrack) { try room.beginMeasurement(of: opinion) }
  }

  @Test("needs the consent to the act and no other, and ends when it is withdrawn")
  func consent() throws {
    var room = try scene([.act])
    #expect(throws: RoomError.noSuchTrack) { try room.beginMeasurement(of: voice) }
    #expect(room.measurements.isEmpty && room.measurable.isEmpty)
    _ = try room.answer(true, .act, ann)
    let measurement = SoundMeasurement(track: voice, subject: ann)
    #expect(try room.beginMeasurement(of: voice) == [.measurementBegan(measurement)])
    _ = try room.answer(false, .act, ann)
    #expect(!room.mayMeasure(measurement))
  }
}
