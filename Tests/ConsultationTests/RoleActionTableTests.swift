import Consultation
import Testing

/// Role x action x where one is: every cell is written out, and what a cell does not permit is
/// refused.
@Suite("Role, action and state")
struct RoleActionTableTests {
  /// Where the one who acts is, in the order of a row's letters.
  enum Place: CaseIterable {
    /// Not in the room.
    case outside
    /// In the waiting room, for the first time or put back.
    case waiting, held
    case inside
    /// Inside while an aside is held, with a part in it or on hold.
    case asideIn, asideOut
    /// The consultation has ended.
    case over
  }

  enum Action: CaseIterable {
    case sound, picture, screen, mute, prioritize, record
    case write, share, fetch
    case admit, hold, remove, end, beginAside, endAside, transfer
    case consent, check, leave, suspend
  }

  /// `+` permitted, `.` refused, blank: this role is never there. In order: outside, waiting, held, inside, in the
  /// aside, on hold by it, over.
  static let table: [Action: [ParticipantRole: String]] = [
    .sound: [
      .patient: "...+ +.", .physician: ".  ++ .", .assistant: "...+ +.",
      .interpreter: "...+ +.", .relative: "...+ +.", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ +.",
    ],
    .picture: [
      .patient: "...+ +.", .physician: ".  ++ .", .assistant: "...+ +.",
      .interpreter: "...+ +.", .relative: "...+ +.", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ +.",
    ],
    .screen: [
      .patient: "...+ +.", .physician: ".  ++ .", .assistant: "...+ +.",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ +.",
    ],
    .mute: [
      .patient: "...+ +.", .physician: ".  ++ .", .assistant: "...+ +.",
      .interpreter: "...+ +.", .relative: "...+ +.", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ +.",
    ],
    .prioritize: [
      .patient: ".... ..", .physician: ".  +. .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .record: [
      .patient: ".... ..", .physician: ".  +. .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .write: [
      .patient: "...+ ..", .physician: ".  ++ .", .assistant: "...+ ..",
      .interpreter: "...+ ..", .relative: "...+ ..", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ ..",
    ],
    .share: [
      .patient: "...+ ..", .physician: ".  ++ .", .assistant: "...+ ..",
      .interpreter: "...+ ..", .relative: "...+ ..", .expert: "...++ .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ ..",
    ],
    .fetch: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: "...+ ..",
      .interpreter: "...+ ..", .relative: "...+ ..", .expert: "...++ .",
      .observer: "...+ ..", .ops: ".     .", .backend: ".     .",
      .loadtest: "...+ ..",
    ],
    .admit: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .hold: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .remove: [
      .patient: ".... ..", .physician: "+  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: "+     .",
      .loadtest: ".... ..",
    ],
    .end: [
      .patient: ".... ..", .physician: "+  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: "+     .",
      .loadtest: ".... ..",
    ],
    .beginAside: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .endAside: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .transfer: [
      .patient: ".... ..", .physician: ".  ++ .", .assistant: ".... ..",
      .interpreter: ".... ..", .relative: ".... ..", .expert: "..... .",
      .observer: ".... ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".... ..",
    ],
    .consent: [
      .patient: ".+++ +.", .physician: ".  ++ .", .assistant: ".+++ +.",
      .interpreter: ".+++ +.", .relative: ".+++ +.", .expert: ".++++ .",
      .observer: ".+++ +.", .ops: ".     .", .backend: ".     .",
      .loadtest: ".+++ +.",
    ],
    .check: [
      .patient: ".++. ..", .physician: ".  .. .", .assistant: ".++. ..",
      .interpreter: ".++. ..", .relative: ".++. ..", .expert: ".++.. .",
      .observer: ".++. ..", .ops: ".     .", .backend: ".     .",
      .loadtest: ".++. ..",
    ],
    .leave: [
      .patient: ".+++ +.", .physician: ".  ++ .", .assistant: ".+++ +.",
      .interpreter: ".+++ +.", .relative: ".+++ +.", .expert: ".++++ .",
      .observer: ".+++ +.", .ops: ".     .", .backend: ".     .",
      .loadtest: ".+++ +.",
    ],
    .suspend: [
      .patient: ".+++ +.", .physician: ".  ++ .", .assistant: ".+++ +.",
      .interpreter: ".+++ +.", .relative: ".+++ +.", .expert: ".++++ .",
      .observer: ".+++ +.", .ops: ".     .", .backend: ".     .",
      .loadtest: ".+++ +.",
    ],
  ]

  static let people: [ParticipantRole] = [
    .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer, .ops, .backend,
    .loadtest,
  ]

  /// A room with a physician, a patient and a relative who waits, in which `one` is where it should be.
  struct Scene {
    var room: Room
    let one: ParticipantID
    let role: ParticipantRole
    let keeper: ParticipantID
    let ann: ParticipantID
    let waits: ParticipantID
    static let own = TrackID(rawValue: 70)
    static let camera = TrackID(rawValue: 50)
    static let found = ConnectionCheck(
      camera: .works, microphone: .works, tried: [.udp], reached: [.udp], figures: nil)
    let file: FileID
    let otherFile: FileID

    init?(_ role: ParticipantRole, _ place: Place, _ action: Action) throws {
      let isTest = role == .loadtest
      room = try ConsultationTests.room(
        isTest ? "bench-1" : "room", isTest ? .direct : .assisted, waitingRoom: true,
        consents: [.consent, .record].contains(action) ? [.standard(.recording)] : [])
      self.role = role
      (one, keeper) = (try person("one"), try person("keeper"))
      file = try #require(FileID(rawValue: "f_1"))
      otherFile = try #require(FileID(rawValue: "f_2"))
      (ann, waits) = (try person("ann"), try person("waits"))
      // Whoever is tested as a physician came last, and is not in charge.
      _ = try room.join(keeper, role: .physician, name: nil, at: noon)
      _ = try room.join(ann, role: isTest ? .loadtest : .patient, name: nil, at: noon)
      _ = try room.admit(ann, by: keeper)
      _ = try room.publish(ann, .camera, as: Self.camera, muted: nil)
      _ = try room.join(waits, role: .relative, name: nil, at: noon)
      guard try place == .outside || enter(place) else { return nil }
      guard action == .record else { return }
      // What is refused then is not refused for want of a consent.
      for participant in room.roster { _ = try room.answer(true, .recording, participant.id) }
    }

    private mutating func enter(_ place: Place) throws -> Bool {
      guard (try? room.join(one, role: role, name: nil, at: noon)) != nil else {
        if place == .over, !role.allows(.subscribe) { _ = try room.end(by: .physician) }
        return place == .over && !role.allows(.subscribe)
      }
      if place == .waiting { return room[one]?.admission == .waiting }
      _ = try room.admit(one, by: keeper)
      if role.allows(.publish) {
        _ = try room.publish(one, .microphone, as: Self.own, muted: nil)
      }
      _ = try? room.share(
        file, of: ann, type: .png, size: 10, sha256: "", handover: nil)
      switch place {
      case .outside, .waiting, .inside: break
      case .held: guard (try? room.hold(one, by: keeper)) != nil else { return false }
      case .asideIn, .asideOut:
        _ = try room.setAside(true, by: keeper)
        return role.allows(.joinAside) == (place == .asideIn)
      case .over: _ = try room.end(by: .physician)
      }
      return true
    }

    /// Whether the room lets it be done.
    mutating func may(_ action: Action) throws -> Bool {
      do throws(RoomError) {
        switch action {
        case .sound:
          // Again, after the first was taken back.
          _ = try room.unpublish(one, Self.own, keepingMute: false)
          _ = try room.publish(one, .microphone, as: TrackID(rawValue: 71), muted: nil)
        case .picture: _ = try room.publish(one, .camera, as: TrackID(rawValue: 72), muted: nil)
        case .screen: _ = try room.publish(one, .screen, as: TrackID(rawValue: 73), muted: nil)
        case .mute: _ = try room.setMuted(one, Self.own, true)
        case .prioritize: _ = try room.setPriority(one, Self.camera, .detail)
        case .record: _ = try room.beginRecording(by: one)
        case .write:
          guard let text = ChatText(rawValue: "hello") else { return false }
          _ = try room.write(one, text, at: noon)
        case .share:
          _ = try room.share(otherFile, of: one, type: .png, size: 1, sha256: "", handover: nil)
        case .fetch:
          _ = try room.fetch(file, by: one)
        case .admit: _ = try room.admit(waits, by: one)
        case .hold: _ = try room.hold(ann, by: one)
        // By the token, also from without: the backend is in no room.
        case .remove: _ = try room.remove(ann, Removal(by: role, actor: one))
        case .end: _ = try room.end(by: role)
        case .beginAside: _ = try room.setAside(true, by: one)
        case .endAside: _ = try room.setAside(false, by: one)
        case .transfer:
          // From the one in charge, who hands over to the one that is tested if it can be.
          _ = try room.transfer(to: one, by: keeper)
        case .consent:
          guard let text = room.consentText(.recording) else { return false }
          _ = try room.decide(
            ConsentQuestion(.recording, of: one, about: nil), isGiven: true, version: text.version,
            language: "fr")
        case .check: _ = try room.note(Self.found, of: one)
        case .leave: _ = try room.leave(one, reason: .left)
        case .suspend: _ = try room.suspend(one)
        }
        return true
      } catch {
        return false
      }
    }
  }

  @Test("has a row of seven letters for each action and role")
  func whole() {
    #expect(Set(Self.people) == Set(ParticipantRole.allCases))
    for action in Action.allCases {
      for role in ParticipantRole.allCases {
        #expect(Self.table[action]?[role]?.count == Place.allCases.count, "\(action) \(role)")
      }
    }
  }

  @Test("is what the table says", arguments: Action.allCases)
  func table(action: Action) throws {
    for role in Self.people {
      var row = ""
      for place in Place.allCases {
        guard var scene = try Scene(role, place, action) else {
          row += " "
          continue
        }
        row += try scene.may(action) ? "+" : "."
      }
      let expected = Self.table[action]?[role]
      #expect(row == expected, "\(action) \(role): \(row)")
    }
  }
}
