import Consultation
import Testing

@Suite("The waiting room")
struct WaitingRoomTests {
  enum Place: CaseIterable { case outside, waiting, held, inside }

  enum Verb: String, CaseIterable {
    case publish, receive, beReceived, seeOthers, seeQueue, admit, hold, beAdmitted, beHeld, leave
  }

  /// Role x state x action, written out: what is not named is refused.
  static let allowed: [ParticipantRole: [Place: Set<Verb>]] = [
    .patient: guest, .relative: guest, .expert: guest, .interpreter: guest, .assistant: guest,
    .observer: [
      .outside: [], .waiting: [.beAdmitted, .leave], .held: [.beAdmitted, .leave],
      .inside: [.receive, .seeOthers, .beHeld, .leave],
    ],
    .physician: [
      .outside: [],
      .waiting: [],
      .held: [],
      .inside: [.publish, .receive, .beReceived, .seeOthers, .seeQueue, .admit, .hold, .leave],
    ],
    .loadtest: none, .ops: none, .backend: none,
  ]
  static let guest: [Place: Set<Verb>] = [
    .outside: [], .waiting: [.beAdmitted, .leave], .held: [.beAdmitted, .leave],
    .inside: [.publish, .receive, .beReceived, .seeOthers, .beHeld, .leave],
  ]
  static let none: [Place: Set<Verb>] = [
    .outside: [], .waiting: [], .held: [], .inside: [],
  ]

  /// A room with a physician and a patient inside who publish, a relative who waits, and `role`.
  private struct Scene {
    var room: Room
    let (doctor, patient, relative, subject):
      (ParticipantID, ParticipantID, ParticipantID, ParticipantID)
    let track = TrackID(rawValue: 1)

    init(_ role: ParticipantRole, _ place: Place) throws {
      // The kind that has all roles.
      room = try ConsultationTests.room("room", .assisted, waitingRoom: true)
      (doctor, patient) = (try person("doctor"), try person("patient"))
      (relative, subject) = (try person("relative"), try person("subject"))
      _ = try room.join(doctor, role: .physician, name: nil, at: noon)
      _ = try room.join(patient, role: .patient, name: nil, at: noon)
      _ = try room.admit(patient, by: doctor)
      _ = try room.join(relative, role: .relative, name: nil, at: noon)
      _ = try room.publish(doctor, .camera, as: track, muted: nil)
      guard place != .outside else { return }
      _ = try? room.join(subject, role: role, name: nil, at: noon)
      if place != .waiting { _ = try? room.admit(subject, by: doctor) }
      if place == .held { _ = try? room.hold(subject, by: doctor) }
    }

    /// Whether the subject is where the table says; roles that join nowhere, or never wait, are not.
    func isSet(_ place: Place) -> Bool {
      switch place {
      case .outside: room[subject] == nil
      case .waiting: room[subject]?.admission == .waiting
      case .held: room[subject]?.admission == .held
      case .inside: room[subject]?.admission == .admitted
      }
    }

    mutating func may(_ verb: Verb) -> Bool {
      switch verb {
      case .publish:
        return (try? room.publish(subject, .camera, as: TrackID(rawValue: 9), muted: nil)) != nil
      case .receive:
        let one = room.mayReceive(subject, track)
        #expect(room.receivable(by: subject).isEmpty != one)
        return one
      case .beReceived:
        _ = try? room.publish(subject, .camera, as: TrackID(rawValue: 9), muted: nil)
        return room.mayReceive(doctor, TrackID(rawValue: 9))
      case .seeOthers:
        let roster = room.roster(for: subject)
        #expect(room.mayKnow(subject, of: doctor) == (roster.count > 1))
        #expect(room.roster(for: patient).contains { $0.id == subject } == (roster.count > 1))
        return roster.count > 1
      case .seeQueue:
        #expect(room.mayKnow(subject, of: relative) == !room.queue(for: subject).isEmpty)
        return !room.queue(for: subject).isEmpty
      case .admit: return (try? room.admit(relative, by: subject)) != nil
      case .hold: return (try? room.hold(patient, by: subject)) != nil
      case .beAdmitted: return ((try? room.admit(subject, by: doctor)) ?? []).isEmpty == false
      case .beHeld: return ((try? room.hold(subject, by: doctor)) ?? []).isEmpty == false
      case .leave: return (try? room.leave(subject, reason: .left)) != nil
      }
    }
  }

  @Test(
    "lets each role do what the table names, and nothing else", arguments: ParticipantRole.allCases)
  func table(role: ParticipantRole) throws {
    let rows = try #require(Self.allowed[role])
    for place in Place.allCases {
      let cell = try #require(rows[place])
      let isPossible = try Scene(role, place).isSet(place)
      #expect(isPossible || cell.isEmpty, "\(role) cannot be \(place)")
      for verb in Verb.allCases where isPossible {
        var scene = try Scene(role, place)
        #expect(scene.may(verb) == cell.contains(verb), "\(role) \(place) \(verb)")
      }
    }
  }

  @Test("holds back every role but the physician, and nobody where there is none")
  func holdsBack() throws {
    let (with, without) = (try room(waitingRoom: true), try room())
    for role in ParticipantRole.allCases {
      #expect(with.holdsBack(role) == (role != .physician), "\(role)")
      #expect(!without.holdsBack(role), "\(role)")
    }
  }

  @Test("tells each step once, ends what was published, and keeps a mute")
  func story() throws {
    var room = try room(waitingRoom: true)
    let (ann, bob) = (try person("ann"), try person("bob"))
    let track = TrackID(rawValue: 5)
    let came = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(came == [.sittingBegan, .joined(try #require(room[ann])), .waiting(ann)])
    #expect(throws: RoomError.waiting) { try room.publish(ann, .camera, as: track, muted: nil) }
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    #expect(room.state == .open)
    let admitted = try room.admit(ann, by: bob)
    #expect(admitted == [.admitted(try #require(room[ann]), by: bob), .stateChanged(.active)])
    #expect(try room.admit(ann, by: bob).isEmpty)
    _ = try room.publish(ann, .microphone, as: track, muted: true)
    let held = try room.hold(ann, by: bob)
    #expect(
      held == [.unpublished(ann, track, .microphone), .held(try #require(room[ann]), by: bob)])
    #expect(try room.hold(ann, by: bob).isEmpty)
    _ = try room.admit(ann, by: bob)
    _ = try room.publish(ann, .microphone, as: track, muted: false)
    #expect(room[ann]?.publications.first?.muted == true)
    _ = try room.hold(ann, by: bob)
    #expect(try room.leave(ann, reason: .left) == [.waitingEnded(ann), .left(ann, .left)])
  }

  @Test("refuses with the reason")
  func refusals() throws {
    var with = try room(limit: 2, waitingRoom: true)
    let (ann, bob, eve) = (try person("ann"), try person("bob"), try person("eve"))
    _ = try with.join(ann, role: .patient, name: nil, at: noon)
    _ = try with.join(eve, role: .relative, name: nil, at: noon)
    // A full queue keeps no physician out.
    #expect(throws: RoomError.full(limit: 2)) {
      try with.join(person("x"), role: .relative, name: nil, at: noon)
    }
    _ = try with.join(bob, role: .physician, name: nil, at: noon)
    #expect(throws: RoomError.forbidden(.patient, .admit)) { try with.admit(ann, by: ann) }
    #expect(throws: RoomError.forbidden(.patient, .admit)) { try with.hold(eve, by: ann) }
    #expect(throws: RoomError.noSuchParticipant) { try with.admit(person("x"), by: bob) }
    #expect(throws: RoomError.noSuchParticipant) { try with.admit(ann, by: person("x")) }
    #expect(throws: RoomError.neverWaits(.physician)) { try with.hold(bob, by: bob) }
    _ = try with.admit(ann, by: bob)
    #expect(throws: RoomError.full(limit: 2)) { try with.admit(eve, by: bob) }
    var without = try room()
    _ = try without.join(bob, role: .physician, name: nil, at: noon)
    #expect(throws: RoomError.noWaitingRoom) { try without.admit(bob, by: bob) }
    #expect(throws: RoomError.noWaitingRoom) { try without.hold(bob, by: bob) }
  }

  @Test("a lost connection changes nothing of it, an expired one begins anew")
  func resume() throws {
    var room = try room(waitingRoom: true)
    let (ann, bob) = (try person("ann"), try person("bob"))
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    for isInside in [false, true] {
      _ = try? room.join(ann, role: .patient, name: nil, at: noon)
      if isInside { _ = try room.admit(ann, by: bob) }
      guard case .suspended(_, let loss)? = try room.suspend(ann).first else {
        Issue.record("not suspended")
        return
      }
      #expect(room.isAdmitted(ann) == isInside)
      _ = try room.resume(ann)
      #expect(room.isAdmitted(ann) == isInside)
      #expect(room.expire(ann, loss).isEmpty)
    }
    _ = try room.leave(ann, reason: .connectionLost)
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    #expect(!room.isAdmitted(ann))
  }

  // MARK: Random events

  @Test(
    "no roster entry and no media edge without admission, whatever happens in whatever order",
    arguments: 0..<150 as Range<UInt64>)
  func property(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var room = try room(limit: 4, waitingRoom: true)
    let people = try ["a", "b", "c", "d", "e", "f"].map(person)
    /// What the effects alone tell: who was let in, by whom, and not put back since.
    var inside: Set<ParticipantID> = []
    var roles: [ParticipantID: ParticipantRole] = [:]
    var tracks: [TrackID: ParticipantID] = [:]
    var sources: [TrackID: MediaSource] = [:]
    var nextTrack: UInt64 = 0
    for _ in 0..<300 {
      let who = people.randomElement(using: &random) ?? people[0]
      let other = people.randomElement(using: &random) ?? people[0]
      let before = room
      var effects: [RoomEffect] = []
      do throws(RoomError) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25:
          let role = [ParticipantRole.physician, .patient, .relative, .observer, .backend]
            .randomElement(using: &random)
          effects = try room.join(who, role: role ?? .patient, name: nil, at: noon)
        case 25..<45: effects = try room.admit(other, by: who)
        case 45..<57: effects = try room.hold(other, by: who)
        case 57..<62: effects = try room.leave(who, reason: .left)
        case 62..<68: effects = try room.suspend(who)
        case 68..<74: effects = try room.resume(who)
        case 74..<94:
          nextTrack += 1
          effects = try room.publish(
            who, MediaSource.allCases.randomElement(using: &random) ?? .camera,
            as: TrackID(rawValue: nextTrack), muted: nil)
        case 94..<95: effects = room.dismiss(.serverShutdown)
        default:
          let track = TrackID(rawValue: .random(in: 0...nextTrack, using: &random))
          effects = try room.unpublish(who, track, keepingMute: true)
        }
      } catch {
        #expect(room.present == before.present && room.state == before.state)
      }
      for effect in effects {
        switch effect {
        case .joined(let one):
          roles[one.id] = one.role
          if one.role == .physician { inside.insert(one.id) }
        case .waiting(let id): #expect(roles[id] != .physician)
        case .admitted(let one, let actor):
          #expect(roles[actor] == .physician && inside.contains(actor))
          inside.insert(one.id)
        case .held(let one, let actor):
          #expect(roles[actor] == .physician && inside.contains(actor))
          #expect(!tracks.values.contains(one.id), "held with tracks")
          inside.remove(one.id)
        case .waitingEnded(let id): #expect(!inside.contains(id))
        case .left(let id, _):
          inside.remove(id)
          roles[id] = nil
        case .published(let id, let publication):
          tracks[publication.track] = id
          sources[publication.track] = publication.source
        case .unpublished(_, let track, _): tracks[track] = nil
        default: break
        }
      }
      #expect(Set(room.roster.map(\.id)) == inside)
      #expect(Set(room.present.map(\.id)) == Set(roles.keys))
      // Nobody is kept inside because the queue is full.
      #expect(room.roster.count <= 4 && room.queue.count <= 8)
      for viewer in people {
        let isIn = inside.contains(viewer)
        #expect(isIn || room.receivable(by: viewer).isEmpty)
        #expect(
          Set(room.roster(for: viewer).map(\.id))
            == (isIn ? inside : roles[viewer] == nil ? [] : [viewer]))
        #expect(room.queue(for: viewer).isEmpty || (isIn && roles[viewer] == .physician))
        for subject in people where subject != viewer {
          let isKnown =
            isIn && roles[subject] != nil
            && (inside.contains(subject) || roles[viewer] == .physician)
          #expect(room.mayKnow(viewer, of: subject) == isKnown)
        }
        for (track, owner) in tracks {
          #expect(inside.contains(owner))
          let passes = MediaMatrix.allows(
            sources[track] ?? .camera, from: roles[owner] ?? .ops, to: roles[viewer] ?? .ops, .inAct
          )
          let expected = isIn && viewer != owner && passes
          #expect(room.mayReceive(viewer, track) == expected)
        }
      }
    }
  }
}
