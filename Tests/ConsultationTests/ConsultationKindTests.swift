import Consultation
import Testing

/// What each kind of act demands and permits, every cell written out.
@Suite("Kinds of act")
struct ConsultationKindTests {
  struct Rule: Sendable {
    var admitted: Set<ParticipantRole>
    var asking: Set<ParticipantRole>
    var performing: Set<ParticipantRole>
    var demanded: ParticipantRole?
    var purposes: Set<ConsentPurpose>
    var hasAppointment = true
  }

  static let rules: [ConsultationKind: Rule] = [
    .direct: Rule(
      admitted: [.patient, .physician, .interpreter, .relative, .expert, .observer, .loadtest],
      asking: [.patient], performing: [.physician],
      purposes: [.act, .thirdParticipant, .imageCapture, .recording, .bridge]),
    .assisted: Rule(
      admitted: [.patient, .physician, .assistant, .interpreter, .relative, .expert, .observer],
      asking: [.patient, .assistant], performing: [.physician], demanded: .assistant,
      purposes: [.act, .thirdParticipant, .imageCapture, .recording, .bridge]),
    .teleExpertise: Rule(
      admitted: [.physician, .expert, .observer], asking: [.physician], performing: [.expert],
      purposes: [.recording, .bridge]),
    .onCall: Rule(
      admitted: [.patient, .physician, .interpreter, .relative, .expert, .observer],
      asking: [.patient, .relative], performing: [.physician],
      purposes: [.act, .thirdParticipant, .imageCapture, .recording, .bridge],
      hasAppointment: false),
  ]

  @Test("demand and permit what the table says", arguments: ConsultationKind.allCases)
  func table(kind: ConsultationKind) throws {
    let rule = try #require(Self.rules[kind])
    for role in ParticipantRole.allCases {
      #expect(kind.admits(role) == rule.admitted.contains(role), "\(kind) \(role)")
      let side: ActSide? =
        rule.asking.contains(role)
        ? .asking : rule.performing.contains(role) ? .performing : nil
      #expect(kind.side(of: role) == side, "\(kind) \(role)")
    }
    for purpose in ConsentPurpose.allCases {
      #expect(kind.asks(purpose) == rule.purposes.contains(purpose), "\(kind) \(purpose)")
    }
    #expect(kind.demanded == rule.demanded && kind.hasAppointment == rule.hasAppointment)
    // Whoever a kind is about can come.
    #expect(rule.admitted.isSuperset(of: rule.asking.union(rule.performing)))
    #expect(rule.demanded.map(rule.admitted.contains) ?? true)
  }

  @Test(
    "keep out whom they do not admit, whatever the token says", arguments: ConsultationKind.allCases
  )
  func joining(kind: ConsultationKind) throws {
    let rule = try #require(Self.rules[kind])
    for role in ParticipantRole.allCases {
      var room = try room(role == .loadtest ? "bench-1" : "room", kind)
      let one = try person("one")
      if rule.admitted.contains(role) {
        #expect(try room.join(one, role: role, name: nil, at: noon).isEmpty == false)
      } else {
        #expect(throws: RoomError.notAdmitted(role)) {
          try room.join(one, role: role, name: nil, at: noon)
        }
        #expect(room.present.isEmpty)
      }
    }
  }
}
