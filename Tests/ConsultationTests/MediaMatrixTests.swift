import Consultation
import Testing

@Suite("The media matrix")
struct MediaMatrixTests {
  typealias Row = [ParticipantRole: Set<MediaSource>]
  static let all: Set<MediaSource> = [.microphone, .camera, .screen]
  static let face: Set<MediaSource> = [.microphone, .camera]

  /// Who may send what to whom while both are inside: every cell, written out.
  static let inAct: [ParticipantRole: Row] = [
    .patient: [
      .patient: [], .physician: all, .interpreter: all, .relative: all, .expert: all,
      .observer: all, .assistant: all, .ops: [], .backend: [], .loadtest: [],
    ],
    .physician: [
      .patient: all, .physician: all, .interpreter: all, .relative: all, .expert: all,
      .observer: all, .assistant: all, .ops: [], .backend: [], .loadtest: [],
    ],
    .interpreter: [
      .patient: face, .physician: face, .interpreter: face, .relative: face, .expert: face,
      .observer: face, .assistant: face, .ops: [], .backend: [], .loadtest: [],
    ],
    .relative: [
      .patient: face, .physician: face, .interpreter: face, .relative: face, .expert: face,
      .observer: face, .assistant: face, .ops: [], .backend: [], .loadtest: [],
    ],
    .expert: [
      .patient: all, .physician: all, .interpreter: all, .relative: all, .expert: all,
      .observer: all, .assistant: all, .ops: [], .backend: [], .loadtest: [],
    ],
    .assistant: [
      .patient: all, .physician: all, .interpreter: all, .relative: all, .expert: all,
      .observer: all, .assistant: all, .ops: [], .backend: [], .loadtest: [],
    ],
    .observer: nothing, .ops: nothing, .backend: nothing,
    .loadtest: [
      .patient: [], .physician: [], .interpreter: [], .relative: [], .expert: [], .observer: [],
      .assistant: [], .ops: [], .backend: [], .loadtest: all,
    ],
  ]
  static let nothing: Row = [
    .patient: [], .physician: [], .interpreter: [], .relative: [], .expert: [], .observer: [],
    .assistant: [], .ops: [], .backend: [], .loadtest: [],
  ]

  static let silence = Dictionary(
    uniqueKeysWithValues: ParticipantRole.allCases.map { ($0, nothing) })

  /// In every other stage nothing passes.
  static let stages: [MediaMatrix.Stage: [ParticipantRole: Row]] = [
    .inAct: inAct, .waiting: silence, .onHold: silence, .over: silence,
  ]

  @Test("lets pass what the table names, and nothing else", arguments: ParticipantRole.allCases)
  func table(sender: ParticipantRole) throws {
    var cells = 0
    for stage in MediaMatrix.Stage.allCases {
      let table = try #require(Self.stages[stage])
      let row = try #require(table[sender])
      for receiver in ParticipantRole.allCases {
        let cell = try #require(row[receiver])
        for source in MediaSource.allCases {
          cells += 1
          #expect(
            MediaMatrix.allows(source, from: sender, to: receiver, stage) == cell.contains(source),
            "\(source) from \(sender) to \(receiver), \(stage)")
        }
      }
    }
    #expect(cells == 10 * 3 * 4)
  }

  @Test("gives media only to roles that may receive, from roles that may send")
  func agreesWithRoles() {
    for role in ParticipantRole.allCases {
      let sends = MediaSource.allCases.contains { MediaMatrix.maySend(role, $0) }
      #expect(sends == role.allows(.publish), "\(role)")
      let receives = ParticipantRole.allCases.contains { sender in
        MediaSource.allCases.contains { MediaMatrix.allows($0, from: sender, to: role, .inAct) }
      }
      #expect(receives == role.allows(.subscribe), "\(role)")
    }
  }

  /// How two come to be so far from each other in a room.
  private func room(
    _ stage: MediaMatrix.Stage, _ sender: ParticipantRole, _ receiver: ParticipantRole
  ) throws -> (Room, ParticipantID, ParticipantID)? {
    let isTest = sender == .loadtest || receiver == .loadtest
    var room = try ConsultationTests.room(
      isTest ? "bench-1" : "room", isTest ? .direct : .assisted, waitingRoom: !isTest)
    let (keeper, one, other) = (try person("keeper"), try person("one"), try person("other"))
    _ = try room.join(keeper, role: isTest ? .loadtest : .physician, name: nil, at: noon)
    for (id, role) in [(one, sender), (other, receiver)] {
      guard (try? room.join(id, role: role, name: nil, at: noon)) != nil else { return nil }
      _ = try? room.admit(id, by: keeper)
    }
    for (number, source) in MediaSource.allCases.enumerated() {
      _ = try? room.publish(one, source, as: TrackID(rawValue: UInt64(number)), muted: nil)
    }
    switch stage {
    case .inAct: break
    case .onHold: guard (try? room.hold(other, by: keeper)) != nil else { return nil }
    case .waiting:
      _ = try room.leave(other, reason: .left)
      _ = try room.join(other, role: receiver, name: nil, at: noon)
      guard room[other]?.admission == .waiting else { return nil }
    case .over: _ = try room.end(by: .physician)
    }
    return (room, one, other)
  }

  @Test("is what a room asks for each edge", arguments: ParticipantRole.allCases)
  func edges(sender: ParticipantRole) throws {
    for receiver in ParticipantRole.allCases {
      for stage in MediaMatrix.Stage.allCases {
        guard let (room, one, other) = try room(stage, sender, receiver) else { continue }
        let cell = try #require(Self.stages[stage]?[sender]?[receiver])
        for (number, source) in MediaSource.allCases.enumerated() {
          let track = TrackID(rawValue: UInt64(number))
          let words: Comment = "\(source) from \(sender) to \(receiver), \(stage)"
          #expect(room.mayReceive(other, track) == cell.contains(source), words)
          #expect(room.receivers(of: track).contains(other) == cell.contains(source), words)
          #expect(
            room.receivable(by: other).contains { $0.0 == one && $0.1.source == source }
              == cell.contains(source), words)
        }
      }
    }
  }

  @Test("keeps out of a publication what nobody may receive", arguments: ParticipantRole.allCases)
  func publishing(role: ParticipantRole) throws {
    for source in MediaSource.allCases where role.allows(.publish) {
      var room = try ConsultationTests.room(
        role == .loadtest ? "bench-1" : "room", role == .loadtest ? .direct : .assisted)
      let one = try person("one")
      _ = try room.join(one, role: role, name: nil, at: noon)
      if MediaMatrix.maySend(role, source) {
        _ = try room.publish(one, source, as: TrackID(rawValue: 1), muted: nil)
      } else {
        #expect(throws: RoomError.mayNotSend(role, source)) {
          try room.publish(one, source, as: TrackID(rawValue: 1), muted: nil)
        }
      }
    }
  }
}
