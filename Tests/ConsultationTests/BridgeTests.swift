import Consultation
import Testing

@Suite("Bridges")
struct BridgeTests {
  private let ann: ParticipantID
  private let bob: ParticipantID
  private let eve: ParticipantID
  private let phone: ParticipantID
  private let both = Bridge(.both, isEncrypted: true)

  init() throws {
    (ann, bob) = (try person("ann"), try person("bob"))
    (eve, phone) = (try person("eve"), try person("phone"))
  }

  /// A patient and a physician who speak, and an interpreter by telephone.
  private func scene(agreed: Bool = true, direction: Bridge.Direction = .both) throws -> Room {
    var room = try consenting([.bridge])
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.publish(ann, .microphone, as: TrackID(rawValue: 1), muted: nil)
    _ = try room.publish(ann, .camera, as: TrackID(rawValue: 2), muted: nil)
    _ = try room.publish(bob, .microphone, as: TrackID(rawValue: 3), muted: nil)
    if agreed {
      _ = try room.answer(true, .bridge, ann)
      _ = try room.answer(true, .bridge, bob)
    }
    let bridge = Bridge(direction, isEncrypted: false)
    _ = try room.join(phone, role: .interpreter, name: nil, bridge: bridge, at: noon)
    return room
  }

  private func heard(by id: ParticipantID, in room: Room) -> [UInt64] {
    room.receivable(by: id).map(\.1.track.rawValue)
  }

  @Test("hear every voice and no picture, and are heard by all, as their direction says")
  func edges() throws {
    for direction in Bridge.Direction.allCases {
      var room = try scene(direction: direction)
      _ = try room.publish(phone, .microphone, as: TrackID(rawValue: 4), muted: nil)
      #expect(heard(by: phone, in: room) == (direction == .speaks ? [] : [1, 3]))
      #expect(heard(by: ann, in: room) == (direction == .hears ? [3] : [3, 4]))
      #expect(room.receivers(of: TrackID(rawValue: 1)).contains(phone) == (direction != .speaks))
    }
  }

  @Test("are paused until everyone inside has agreed, and while a newcomer has not")
  func everyone() throws {
    var room = try scene(agreed: false)
    #expect(room.areBridgesPaused && heard(by: phone, in: room).isEmpty)
    _ = try room.answer(true, .bridge, ann)
    #expect(room.areBridgesPaused && heard(by: phone, in: room).isEmpty)
    #expect(try room.answer(true, .bridge, bob).last == .bridgesResumed)
    #expect(heard(by: phone, in: room) == [1, 3])
    let effects = try room.join(eve, role: .relative, name: nil, at: noon)
    #expect(effects.last == .bridgesPaused && heard(by: phone, in: room).isEmpty)
    #expect(heard(by: ann, in: room) == [3], "people go on")
    #expect(try room.answer(true, .bridge, eve).last == .bridgesResumed)
    #expect(room.questions(for: phone).isEmpty, "nobody asks a telephone")
  }

  @Test("end when anyone refuses or withdraws, and do not begin again against that")
  func consent() throws {
    for agreed in [true, false] {
      var room = try scene(agreed: agreed)
      let effects = try room.answer(false, .bridge, ann)
      #expect(effects.suffix(2) == [.bridgeEnded(phone, .consent), .left(phone, .removed)])
      #expect(room.bridges.isEmpty && !room.areBridgesPaused)
      #expect(throws: RoomError.consentMissing(.bridge)) {
        try room.join(phone, role: .interpreter, name: nil, bridge: both, at: noon)
      }
    }
  }

  @Test("do not begin where nobody is asked or nobody is, for those of the act, or more than two")
  func refused() throws {
    var silent = try consenting([])
    _ = try silent.join(ann, role: .patient, name: nil, at: noon)
    #expect(throws: RoomError.consentMissing(.bridge)) {
      try silent.join(phone, role: .interpreter, name: nil, bridge: both, at: noon)
    }
    var empty = try consenting([.bridge])
    #expect(throws: RoomError.nobodyInside) {
      try empty.join(phone, role: .interpreter, name: nil, bridge: both, at: noon)
    }
    var room = try scene()
    for role in [ParticipantRole.patient, .physician, .observer] {
      #expect(throws: RoomError.notBridged(role)) {
        try room.join(eve, role: role, name: nil, bridge: both, at: noon)
      }
    }
    let analyser = Bridge(.hears, isEncrypted: false)
    _ = try room.join(eve, role: .observer, name: nil, bridge: analyser, at: noon)
    #expect(throws: RoomError.full(limit: 2)) {
      try room.join(try person("more"), role: .observer, name: nil, bridge: analyser, at: noon)
    }
  }

  @Test("are told to begin and end exactly once, whoever goes, and follow the last who leaves")
  func ends() throws {
    let ways: [(BridgeEnd, (inout Room) throws -> [RoomEffect])] = [
      (.stopped, { try $0.leave(phone, reason: .left) }),
      (.removed, { try $0.remove(phone, Removal(by: .physician, actor: bob)) }),
      (.consultation, { try $0.end(by: .physician) }),
      (.interrupted, { $0.dismiss(.serverShutdown) }),
      (
        .departure,
        { try $0.leave(ann, reason: .left) + $0.leave(bob, reason: .connectionLost) }
      ),
    ]
    for (expected, end) in ways {
      var room = try scene()
      let effects = try end(&room)
      let ended = effects.filter { if case .bridgeEnded = $0 { true } else { false } }
      #expect(ended == [.bridgeEnded(phone, expected)])
      #expect(effects.count { if case .left(phone, _) = $0 { true } else { false } } == 1)
      let isOver = expected != .stopped && expected != .removed
      let sittings = effects.count { if case .sittingEnded = $0 { true } else { false } }
      #expect(sittings == (isOver ? 1 : 0))
      #expect(room.present.isEmpty == isOver)
    }
  }

  @Test("that came before who is inside now end with the consultation, not for want of people")
  func endsFirst() throws {
    var room = try scene()
    _ = try room.join(eve, role: .relative, name: nil, at: noon)
    _ = try room.leave(ann, reason: .left)
    _ = try room.leave(bob, reason: .left)
    #expect(room.present.map(\.id) == [phone, eve])
    let effects = room.dismiss(.serverShutdown)
    #expect(effects.contains(.bridgeEnded(phone, .interrupted)))
    #expect(effects.contains(.sittingEnded(.serverShutdown)))
  }

  @Test("wait to be let in where there is a waiting room, and are on hold in an aside")
  func held() throws {
    var room = try consenting([.bridge], waitingRoom: true)
    _ = try room.join(bob, role: .physician, name: nil, at: noon)
    _ = try room.publish(bob, .microphone, as: TrackID(rawValue: 3), muted: nil)
    _ = try room.answer(true, .bridge, bob)
    let effects = try room.join(phone, role: .interpreter, name: nil, bridge: both, at: noon)
    #expect(effects.contains(.waiting(phone)) && heard(by: phone, in: room).isEmpty)
    _ = try room.admit(phone, by: bob)
    #expect(heard(by: phone, in: room) == [3])
    _ = try room.setAside(true, by: bob)
    #expect(heard(by: phone, in: room).isEmpty)
  }
}
