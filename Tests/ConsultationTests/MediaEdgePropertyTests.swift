import Consultation
import Testing

@Suite("Media edges under random events")
struct MediaEdgePropertyTests {
  /// What an onlooker who sees the effects alone believes.
  private struct Onlooker {
    var roles: [ParticipantID: ParticipantRole] = [:]
    var inside: Set<ParticipantID> = []
    var tracks: [TrackID: (owner: ParticipantID, source: MediaSource)] = [:]
    var given: Set<ConsentQuestion> = []
    var isAside = false
    var joins = 0
    var leaves = 0

    mutating func see(_ effect: RoomEffect) {
      switch effect {
      case .joined(let one):
        joins += 1
        #expect(roles.updateValue(one.role, forKey: one.id) == nil)
        if one.admission.isInside { inside.insert(one.id) }
      case .admitted(let one, _): inside.insert(one.id)
      case .held(let one, _): inside.remove(one.id)
      case .left(let id, _):
        leaves += 1
        #expect(roles.removeValue(forKey: id) != nil)
        inside.remove(id)
        given = given.filter { $0.participant != id && $0.about != id }
      case .published(let id, let one): tracks[one.track] = (id, one.source)
      case .unpublished(_, let track, _): tracks[track] = nil
      case .consented(let entry):
        if entry.decision == .given {
          #expect(given.insert(entry.question).inserted)
        } else {
          #expect((given.remove(entry.question) != nil) == (entry.decision == .withdrawn))
        }
      case .asideBegan, .asideEnded:
        let begins = if case .asideBegan = effect { true } else { false }
        #expect(isAside != begins, "begins once, ends once")
        isAside = begins
      default: break
      }
    }

    /// Whether sound, pictures and words may go between the two now, as far as roles let them.
    func near(_ one: ParticipantID, _ other: ParticipantID) -> Bool {
      let speaks: Set<ParticipantRole?> = [.physician, .expert]
      return one != other && inside.contains(one) && inside.contains(other)
        && (!isAside || (speaks.contains(roles[one]) && speaks.contains(roles[other])))
    }

    /// Whether everything that the purposes ask for between the two is given.
    func agreed(
      _ purposes: [ConsentPurpose], _ one: ParticipantID, _ other: ParticipantID
    ) -> Bool {
      [(one, other), (other, one)].allSatisfy { patient, with in
        guard roles[patient] == .patient else { return true }
        let act = ConsentQuestion(.act, of: patient, about: nil)
        let third = ConsentQuestion(.thirdParticipant, of: patient, about: with)
        return (!purposes.contains(.act) || given.contains(act))
          && (!purposes.contains(.thirdParticipant) || roles[with] == .physician
            || roles[with] == .patient || given.contains(third))
      }
    }
  }

  @Test(
    "none without admission, matrix and consent; the roster is who receives; each join gets one leave",
    arguments: 0..<200 as Range<UInt64>)
  func holds(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let purposes = ConsentPurpose.allCases.filter { _ in Bool.random(using: &random) }
    var room = try consenting(purposes, limit: 5, waitingRoom: seed % 3 != 0)
    let people = try ["a", "b", "c", "d", "e", "f"].map(person)
    var onlooker = Onlooker()
    var nextTrack: UInt64 = 0
    for _ in 0..<300 {
      let who = people.randomElement(using: &random) ?? people[0]
      let other = people.randomElement(using: &random) ?? people[0]
      let before = room
      var effects: [RoomEffect] = []
      do throws(RoomError) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20:
          let roles: [ParticipantRole] = [.physician, .physician, .patient, .patient]
          let role = (roles + ParticipantRole.allCases).randomElement(using: &random) ?? .patient
          effects = try room.join(who, role: role, name: nil, at: noon)
        case 20..<35: effects = try room.admit(other, by: who)
        case 35..<41: effects = try room.hold(other, by: who)
        case 41..<46: effects = try room.leave(who, reason: .left)
        case 46..<66:
          nextTrack += 1
          effects = try room.publish(
            who, MediaSource.allCases.randomElement(using: &random) ?? .camera,
            as: TrackID(rawValue: nextTrack), muted: nil)
        case 66..<69:
          let track = TrackID(rawValue: .random(in: 0...nextTrack, using: &random))
          effects = try room.unpublish(who, track, keepingMute: true)
        case 69..<70: effects = room.dismiss(.serverShutdown)
        case 70..<74: effects = try room.setAside(.random(using: &random), by: who)
        default:
          let purpose = ConsentPurpose.allCases.randomElement(using: &random) ?? .act
          effects = try room.answer(
            .random(using: &random), purpose, who,
            about: purpose == .thirdParticipant ? other : nil)
        }
      } catch {
        #expect(room.present == before.present && room.state == before.state)
      }
      for effect in effects { onlooker.see(effect) }
      check(room, onlooker, purposes, people)
    }
    for effect in room.dismiss(.serverShutdown) { onlooker.see(effect) }
    #expect(!onlooker.isAside)
    #expect(onlooker.roles.isEmpty && onlooker.tracks.isEmpty && onlooker.given.isEmpty)
    #expect(onlooker.joins == onlooker.leaves && onlooker.joins > 0)
  }

  private func check(
    _ room: Room, _ onlooker: Onlooker, _ purposes: [ConsentPurpose], _ people: [ParticipantID]
  ) {
    for viewer in people {
      var received: Set<TrackID> = []
      for (track, (owner, source)) in onlooker.tracks {
        let expected =
          onlooker.near(viewer, owner)
          && MediaMatrix.allows(
            source, from: onlooker.roles[owner] ?? .ops, to: onlooker.roles[viewer] ?? .ops, .inAct)
          && onlooker.agreed(purposes, viewer, owner)
        #expect(room.mayReceive(viewer, track) == expected)
        #expect(room.receivers(of: track).contains(viewer) == expected)
        if expected { received.insert(track) }
      }
      #expect(Set(room.receivable(by: viewer).map(\.1.track)) == received)
      for other in people {
        let words = MediaMatrix.allowsWords(
          from: onlooker.roles[viewer] ?? .ops, to: onlooker.roles[other] ?? .ops, .inAct)
        #expect(
          room.mayTell(viewer, other)
            == (words && onlooker.near(viewer, other) && onlooker.agreed(purposes, viewer, other)))
      }
      // Whoever receives anything stands in the roster of everyone inside.
      guard !received.isEmpty else { continue }
      for reader in onlooker.inside {
        #expect(room.roster(for: reader).contains { $0.id == viewer })
      }
    }
  }
}
