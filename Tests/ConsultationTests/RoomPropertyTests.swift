import Consultation
import Testing

@Suite("Room under random events")
struct RoomPropertyTests {
  /// What an onlooker who sees the effects alone believes.
  struct Onlooker {
    var present: [ParticipantID: ParticipantRole] = [:]
    var tracks: [TrackID: ParticipantID] = [:]
    var sitting = false
    var state = ConsultationState.open
    var endings = 0

    mutating func see(_ effect: RoomEffect) {
      switch effect {
      case .sittingBegan:
        #expect(!sitting && present.isEmpty)
        sitting = true
      case .joined(let participant):
        #expect(sitting && present[participant.id] == nil)
        present[participant.id] = participant.role
      case .waiting, .admitted, .held, .waitingEnded, .checked, .consented, .asideBegan,
        .asideEnded, .wrote, .shared, .fetched, .chargeOffered, .captureBegan, .captureEnded,
        .renditionBegan, .renditionEnded, .measurementBegan, .measurementEnded, .mixBegan,
        .mixEnded,
        .bridgeBegan, .bridgesPaused, .bridgesResumed, .bridgeEnded,
        .recordingBegan, .recordingPaused, .recordingResumed,
        .recordingEnded:
        Issue.record("there is no waiting room, nothing is asked, nobody writes or is put aside")
      case .left(let id, _):
        #expect(present.removeValue(forKey: id) != nil, "a leave without a join")
        #expect(!tracks.values.contains(id), "left with tracks")
      case .published(let id, let publication):
        #expect(present[id] != nil && tracks[publication.track] == nil)
        tracks[publication.track] = id
      case .unpublished(let id, let track, _):
        #expect(tracks.removeValue(forKey: track) == id)
      case .muted(let id, let track, _), .prioritized(let id, let track, _):
        #expect(tracks[track] == id)
      case .suspended(let id, _), .resumed(let id), .removed(let id, _),
        .chargeTaken(let id, _, _):
        #expect(present[id] != nil)
      case .stateChanged(let new):
        #expect(new != state)
        state = new
      case .sittingEnded:
        #expect(sitting && present.isEmpty)
        sitting = false
      case .ended:
        #expect(!sitting && state == .ended)
        endings += 1
      }
    }
  }

  @Test(
    "each join gets one leave, the roster is who receives, and the effects tell the whole story",
    arguments: 0..<200 as Range<UInt64>)
  func holds(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var room = try room(seed % 2 == 0 ? "room" : "bench-room", limit: 4)
    let people = try ["a", "b", "c", "d", "e", "f"].map(person)
    var onlooker = Onlooker()
    var losses: [(ParticipantID, Participant.Suspension)] = []
    for _ in 0..<300 {
      let who = people[Int.random(in: 0..<people.count, using: &random)]
      let role = ParticipantRole.allCases.randomElement(using: &random) ?? .patient
      let track = TrackID(rawValue: .random(in: 0..<12, using: &random))
      let before = room
      let effects: [RoomEffect]
      do throws(RoomError) {
        effects = try step(
          &room, .random(in: 0..<100, using: &random), who, role, track, losses, &random)
      } catch {
        effects = []
        #expect(room.roster == before.roster && room.state == before.state)
      }
      for effect in effects {
        onlooker.see(effect)
        if case .suspended(let id, let loss) = effect { losses.append((id, loss)) }
      }
      check(room, onlooker, people)
    }
    for effect in room.dismiss(.serverShutdown) { onlooker.see(effect) }
    #expect(onlooker.present.isEmpty && onlooker.tracks.isEmpty && !onlooker.sitting)
    #expect(onlooker.endings <= 1)
  }

  func step(
    _ room: inout Room, _ dice: Int, _ who: ParticipantID, _ role: ParticipantRole,
    _ track: TrackID, _ losses: [(ParticipantID, Participant.Suspension)], _ random: inout SplitMix
  ) throws(RoomError) -> [RoomEffect] {
    switch dice {
    case 0..<25: return try room.join(who, role: role, name: nil, at: noon)
    case 25..<35: return try room.suspend(who)
    case 35..<42: return try room.resume(who)
    case 42..<48:
      guard let (id, loss) = losses.randomElement(using: &random) else { return [] }
      return room.expire(id, loss)
    case 48..<53: return try room.leave(who, reason: .left)
    case 53..<56: return try room.remove(who, Removal(by: role))
    case 56..<80:
      let source = MediaSource.allCases.randomElement(using: &random) ?? .camera
      return try room.publish(who, source, as: track, muted: .random(using: &random))
    case 80..<88:
      return try room.unpublish(who, track, keepingMute: .random(using: &random))
    case 88..<97: return try room.setMuted(who, track, .random(using: &random))
    case 97..<98: return room.dismiss(.serverShutdown)
    default: return room.roster.count > 2 ? try room.end(by: role) : []
    }
  }

  func check(_ room: Room, _ onlooker: Onlooker, _ people: [ParticipantID]) {
    #expect(Set(room.roster.map(\.id)) == Set(onlooker.present.keys))
    #expect(room.roster.count <= room.participantLimit)
    // While physicians are inside, exactly one of them is in charge.
    let physicians = room.roster.filter { $0.role == .physician }.map(\.id)
    #expect(room.inCharge.map(physicians.contains) ?? physicians.isEmpty)
    #expect(room.state == onlooker.state)
    for (track, owner) in onlooker.tracks {
      #expect(room.publication(track)?.0 == owner)
      for viewer in people {
        let expected =
          viewer != owner
          && MediaMatrix.allows(
            room.publication(track)?.1.source ?? .camera, from: onlooker.present[owner] ?? .ops,
            to: onlooker.present[viewer] ?? .ops, .inAct)
        #expect(room.mayReceive(viewer, track) == expected)
        #expect(room.receivable(by: viewer).contains { $0.1.track == track } == expected)
      }
    }
    for (track, owner) in onlooker.tracks {
      let isHeard = people.contains { viewer in
        viewer != owner
          && MediaMatrix.allows(
            .microphone, from: onlooker.present[owner] ?? .ops,
            to: onlooker.present[viewer] ?? .ops, .inAct)
      }
      let isMeasurable = isHeard && room.publication(track)?.1.source == .microphone
      #expect(room.measurable.contains { $0.track == track } == isMeasurable)
    }
    for participant in room.roster {
      #expect(participant.publications.count <= MediaSource.allCases.count)
      #expect(participant.publications.isEmpty || participant.role.allows(.publish))
    }
  }
}
