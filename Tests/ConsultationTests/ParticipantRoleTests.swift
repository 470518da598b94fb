import Consultation
import Testing

@Suite("Roles")
struct ParticipantRoleTests {
  /// Every cell of role x action, written out: what is not named is refused.
  static let permitted: [ParticipantRole: Set<ConsultationAction>] = [
    .patient: [.publish, .subscribe],
    .physician: [
      .publish, .subscribe, .endConsultation, .removeOthers, .invite, .admit, .joinAside,
      .beginAside, .takeCharge, .captureImages, .record,
    ],
    .assistant: [.publish, .subscribe],
    .interpreter: [.publish, .subscribe],
    .relative: [.publish, .subscribe],
    .expert: [.publish, .subscribe, .joinAside],
    .observer: [.subscribe],
    .ops: [.watchServer],
    .backend: [
      .createConsultation, .readConsultation, .endConsultation, .removeOthers, .invite,
      .watchServer, .bridge,
    ],
    .loadtest: [.publish, .subscribe],
  ]

  @Test("may do what the table names, and nothing else", arguments: ParticipantRole.allCases)
  func table(role: ParticipantRole) throws {
    let row = try #require(Self.permitted[role])
    for action in ConsultationAction.allCases {
      #expect(role.allows(action) == row.contains(action), "\(role) \(action)")
    }
  }

  @Test("that receive media are on a roster, and those of no roster receive nothing")
  func nobodyListensInSilence() throws {
    let room = try #require(ConsultationID(rawValue: "room"))
    let bench = try #require(ConsultationID(rawValue: "bench-1"))
    for role in ParticipantRole.allCases {
      #expect(role.mayJoin(bench) == role.allows(.subscribe), "\(role)")
      #expect(role.mayJoin(room) == (role.allows(.subscribe) && role != .loadtest), "\(role)")
    }
  }
}
