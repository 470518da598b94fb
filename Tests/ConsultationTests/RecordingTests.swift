import Consultation
import Testing

@Suite("Recordings")
struct RecordingTests {
  private let ann: ParticipantID
  private let bob: ParticipantID
  private let eve: ParticipantID

  init() throws { (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve")) }

  /// A patient and a physician, who have agreed.
  private func scene() throws -> Room {
    var room = try consenting([.recording])
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.answer(true, .recording, ann)
    _ = try room.answer(true, .recording, bob)
    return room
  }

  @Test("begin when everyone inside has agreed, the physician too, and not before")
  func everyone() throws {
    let missing = RoomError.consentMissing(.recording)
    var open = try consenting([])
    _ = try open.join(ann, role: .patient, name: nil, at: noon)
    _ = try open.join(bob, role: .physician, name: nil, at: noon)
    #expect(throws: missing) { try open.beginRecording(by: bob) }

    var room = try consenting([.recording])
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.answer(true, .recording, bob)
    #expect(throws: missing, "no patient") { try room.beginRecording(by: bob) }
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(throws: missing) { try room.beginRecording(by: bob) }
    #expect(room.unrecordable == [ann])
    _ = try room.answer(true, .recording, ann)
    #expect(try room.beginRecording(by: bob) == [.recordingBegan(by: bob)])
    #expect(room.isRecording)
    #expect(throws: RoomError.recordingUnderWay) { try room.beginRecording(by: bob) }
    #expect(try room.stopRecording(by: bob) == [.recordingEnded(.stopped, by: bob)])
    #expect(throws: RoomError.notRecording) { try room.stopRecording(by: bob) }
  }

  @Test("are refused while anything is encrypted end to end, and end when such a thing comes")
  func encrypted() throws {
    var room = try scene()
    let voice = TrackID(rawValue: 7)
    _ = try room.publish(ann, .camera, as: TrackID(rawValue: 8), muted: nil)
    _ = try room.beginRecording(by: bob)
    let effects = try room.publish(ann, .microphone, as: voice, muted: nil, isEncrypted: true)
    #expect(effects.last == .recordingEnded(.encrypted, by: ann) && effects.count == 2)
    #expect(!room.isRecording && room.recording == nil)
    #expect(throws: RoomError.encrypted(voice)) { try room.beginRecording(by: bob) }
    _ = try room.unpublish(ann, voice, keepingMute: false)
    _ = try room.beginRecording(by: bob)
  }

  @Test("are a physician's", arguments: ParticipantRole.allCases)
  func who(role: ParticipantRole) throws {
    var room = try scene()
    guard role != .physician, role.mayJoin(room.id), room.kind.admits(role) else { return }
    _ = try room.join(eve, role: role, name: nil, at: noon)
    _ = try room.answer(true, .recording, eve)
    #expect(throws: RoomError.forbidden(role, .record)) { try room.beginRecording(by: eve) }
    _ = try room.beginRecording(by: bob)
    #expect(throws: RoomError.forbidden(role, .record)) { try room.stopRecording(by: eve) }
    #expect(room.isRecording)
  }

  @Test("pause while somebody who came has not agreed, and end when that one does not")
  func newcomer() throws {
    for agrees in [true, false] {
      var room = try scene()
      _ = try room.beginRecording(by: bob)
      let effects = try room.join(eve, role: .interpreter, name: nil, at: noon)
      #expect(effects.last == .recordingPaused && !room.isRecording && room.recording != nil)
      let answer = try room.answer(agrees, .recording, eve)
      #expect(answer.last == (agrees ? .recordingResumed : .recordingEnded(.consent, by: eve)))
      #expect(room.isRecording == agrees)
    }
    var room = try scene()
    _ = try room.beginRecording(by: bob)
    _ = try room.join(eve, role: .interpreter, name: nil, at: noon)
    #expect(try room.leave(eve, reason: .left).last == .recordingResumed)
  }

  @Test("end with the verb that takes a consent back, whoever's it is")
  func withdrawal() throws {
    for one in [ann, bob] {
      var room = try scene()
      _ = try room.beginRecording(by: bob)
      let effects = try room.answer(false, .recording, one)
      #expect(effects.last == .recordingEnded(.consent, by: one))
      #expect(room.recording == nil)
      #expect(throws: RoomError.consentMissing(.recording)) { try room.beginRecording(by: bob) }
    }
  }

  @Test("pause in an aside and without a patient, end with the physician and the consultation")
  func around() throws {
    var room = try scene()
    _ = try room.beginRecording(by: bob)
    #expect(try room.setAside(true, by: bob).last == .recordingPaused)
    #expect(try room.setAside(false, by: bob).last == .recordingResumed)
    #expect(try room.leave(ann, reason: .left).contains(.recordingPaused))
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(!room.isRecording, "a new presence is asked again")
    #expect(try room.answer(true, .recording, ann).last == .recordingResumed)
    var other = room
    #expect(try room.leave(bob, reason: .left).contains(.recordingEnded(.departure, by: nil)))
    #expect(room.recording == nil)
    #expect(try other.end(by: .physician).first == .recordingEnded(.consultation, by: nil))
  }

  @Test("go on through a lost connection, and stop with the server")
  func suspension() throws {
    var room = try scene()
    _ = try room.beginRecording(by: bob)
    for one in [ann, bob] {
      _ = try room.suspend(one)
      #expect(room.isRecording)
      _ = try room.resume(one)
    }
    #expect(room.dismiss(.serverShutdown).first == .recordingEnded(.interrupted, by: nil))
  }

  @Test("never go on without all consents, and tell all of it", arguments: 0..<200 as Range<UInt64>)
  func property(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var room = try consenting([.recording], waitingRoom: seed % 2 == 0)
    let people = try ["a", "b", "c", "d"].map(person)
    let roles: [ParticipantRole] = [.patient, .physician, .interpreter, .physician]
    /// What an onlooker who sees the effects alone believes; `nil`: nothing goes on.
    var isRunning: Bool?
    var began = 0
    for _ in 0..<800 {
      let at = Int.random(in: 0..<people.count, using: &random)
      let other = people[Int.random(in: 0..<people.count, using: &random)]
      let (who, dice) = (people[at], Int.random(in: 0..<100, using: &random))
      let isGiven = Int.random(in: 0..<12, using: &random) > 0
      let effects: [RoomEffect]
      do throws(RoomError) {
        switch dice {
        case 0..<14: effects = try room.join(who, role: roles[at], name: nil, at: noon)
        case 14..<16: effects = try room.leave(who, reason: .left)
        case 16..<52:
          effects = try room.decide(
            ConsentQuestion(.recording, of: who, about: nil), isGiven: isGiven,
            version: "standard-1", language: "en")
        case 52..<68: effects = try room.beginRecording(by: who)
        case 68..<70: effects = try room.stopRecording(by: who)
        case 70..<86: effects = try room.admit(other, by: who)
        case 86..<89: effects = try room.hold(other, by: who)
        case 89..<97: effects = try room.setAside(!isGiven, by: who)
        case 97..<98: effects = room.endRecording(.storage, by: nil)
        case 98..<99: effects = room.dismiss(.serverShutdown)
        default: effects = []
        }
      } catch { continue }
      for effect in effects {
        switch effect {
        case .recordingBegan:
          #expect(isRunning == nil)
          isRunning = true
          began += 1
        case .recordingPaused:
          #expect(isRunning == true)
          isRunning = false
        case .recordingResumed:
          #expect(isRunning == false)
          isRunning = true
        case .recordingEnded:
          #expect(isRunning != nil)
          isRunning = nil
        default: break
        }
      }
      #expect(room.recording.map { !$0.isPaused } == isRunning)
      guard room.isRecording else { continue }
      #expect(!room.isAside && room.roster.contains { $0.role == .patient })
      for one in room.roster {
        #expect(room.decision(ConsentQuestion(.recording, of: one.id, about: nil)) == .given)
      }
      #expect(room.recording.map { room.isAdmitted($0.actor) } == true)
    }
    #expect(began > 0, "the dice never began one: seed \(seed)")
  }
}
