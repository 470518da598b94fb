internal import Consultation
internal import Crypto
internal import Foundation

/// A consultation as a FHIR R4 (4.0.1) bundle: Encounter of class VR, Appointment once it is over,
/// AuditEvents of who came and went and whom the door let through, Provenance with the newest
/// checkpoint of the audit log.
///
/// People are references by identifier, as the record has them: the participant's id, and for a
/// professional what the issuer of the token calls them. No names: the program that books knows them.
struct FHIRBundle {
  static let consultationSystem = "urn:visavis:consultation"
  static let participantSystem = "urn:visavis:participant"
  static let professionalSystem = "urn:visavis:professional"
  static let eventSystem = "urn:visavis:event"

  let consultation: ConsultationRecord
  let participants: [ParticipantRecord]
  /// Oldest first.
  let consents: [ConsentRecord]
  /// Whether the act is complete, by the media that passed.
  let outcome: ActRule.Outcome
  /// The name of the audit log, and its newest checkpoint, a signed note.
  let log: String
  let checkpoint: String?
  let now: WallClock

  var bytes: [UInt8] {
    var entries = [entry("Encounter", encounter)]
    if let appointment { entries.append(entry("Appointment", appointment)) }
    for (number, consent) in consentResources.enumerated() {
      entries.append(entry("Consent", consent, number))
    }
    for (number, event) in auditEvents.enumerated() {
      entries.append(entry("AuditEvent", event, number))
    }
    entries.append(entry("Provenance", provenance))
    var bundle: [String: CanonicalJSON] = [
      "resourceType": .string("Bundle"), "type": .string("collection"),
      "id": .string(uuid("Bundle")), "timestamp": instant(now),
      "identifier": identifier(Self.consultationSystem, consultation.id.rawValue),
      "entry": .array(entries),
    ]
    if consultation.erasedAt != nil {
      bundle["meta"] = .object([
        "tag": .array([
          coding("urn:visavis:record", "erased", "who took part was made unreadable")
        ])
      ])
    }
    return CanonicalJSON.object(bundle).bytes
  }

  // MARK: Resources

  private var encounter: [String: CanonicalJSON] {
    var members: [String: CanonicalJSON] = [
      "identifier": .array([identifier(Self.consultationSystem, consultation.id.rawValue)]),
      "status": .string(encounterStatus),
      "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "VR", "virtual"),
      "type": .array([
        .object([
          "coding": .array([
            coding("urn:visavis:kind", consultation.kind.rawValue, consultation.kind.rawValue)
          ])
        ])
      ]),
      "participant": .array(participants.map(participation)),
    ]
    members["extension"] = .array([
      .object([
        "url": .string("urn:visavis:act"), "valueCode": .string(outcome.rawValue),
      ])
    ])
    if let patient = participants.first(where: { $0.role == .patient }) {
      members["subject"] = person(patient)
    }
    if let began = consultation.sittings.first?.beganAt {
      members["period"] = period(began, consultation.end?.at ?? consultation.sittings.last?.end?.at)
    }
    if appointment != nil {
      members["appointment"] = .array([reference("Appointment")])
    }
    return members
  }

  private var encounterStatus: String {
    switch consultation.state {
    case .ended: consultation.sittings.isEmpty ? "cancelled" : "finished"
    case .active: "in-progress"
    case .open: consultation.sittings.isEmpty ? "planned" : "arrived"
    }
  }

  private func participation(_ one: ParticipantRecord) -> CanonicalJSON {
    let type =
      switch one.role {
      case .physician: ("PPRF", "primary performer")
      case .expert: ("CON", "consultant")
      case .assistant: ("SPRF", "secondary performer")
      case .interpreter: ("TRANS", "Translator")
      default: ("PART", "Participation")
      }
    let system =
      one.role == .interpreter
      ? "http://terminology.hl7.org/CodeSystem/participant-type"
      : "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    return .object([
      "type": .array([
        .object([
          "coding": .array([coding(system, type.0, type.1)]), "text": .string(one.role.rawValue),
        ])
      ]),
      "period": period(one.joinedAt, one.end?.at), "individual": person(one),
    ])
  }

  /// Of what is over: before, only the program that books knows when it is.
  private var appointment: [String: CanonicalJSON]? {
    guard consultation.state == .ended else { return nil }
    var members: [String: CanonicalJSON] = [
      "participant": .array(
        participants.isEmpty
          ? [
            .object([
              "actor": .object(["display": .string("nobody came")]),
              "status": .string("needs-action"),
            ])
          ]
          : participants.map {
            .object(["actor": person($0), "status": .string("accepted")])
          }),
      "created": instant(consultation.createdAt),
    ]
    guard let began = consultation.sittings.first?.beganAt,
      let ended = consultation.sittings.last?.end?.at ?? consultation.end?.at
    else {
      members["status"] = .string("cancelled")
      return members
    }
    members["status"] = .string("fulfilled")
    members["start"] = instant(began)
    members["end"] = instant(ended)
    return members
  }

  private var provenance: [String: CanonicalJSON] {
    let server = CanonicalJSON.object([
      "identifier": identifier("urn:visavis:log", log), "display": .string("visavis"),
    ])
    var members: [String: CanonicalJSON] = [
      "target": .array([reference("Encounter")]), "recorded": instant(now),
      "agent": .array([
        .object([
          "type": .object([
            "coding": .array([
              coding(
                "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "assembler",
                "Assembler")
            ])
          ]),
          "who": server,
        ])
      ]),
    ]
    if let checkpoint {
      members["signature"] = .array([
        .object([
          "type": .array([
            coding(
              "urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.14", "Source Signature")
          ]),
          "when": instant(now), "who": server, "sigFormat": .string("text/plain"),
          "data": .string(Data(checkpoint.utf8).base64EncodedString()),
        ])
      ])
    }
    return members
  }

  // MARK: Data types

  func person(_ one: ParticipantRecord) -> CanonicalJSON {
    let type =
      switch one.role {
      case .patient: "Patient"
      case .physician, .expert, .assistant: "Practitioner"
      default: "RelatedPerson"
      }
    let name =
      one.claims.professional.map { identifier(Self.professionalSystem, $0) }
      ?? identifier(Self.participantSystem, one.id.rawValue)
    return .object(["type": .string(type), "identifier": name])
  }

  func identifier(_ system: String, _ value: String) -> CanonicalJSON {
    .object(["system": .string(system), "value": .string(value)])
  }

  func coding(_ system: String, _ code: String, _ display: String) -> CanonicalJSON {
    .object([
      "system": .string(system), "code": .string(code), "display": .string(display),
    ])
  }

  func period(_ from: WallClock, _ to: WallClock?) -> CanonicalJSON {
    var members = ["start": instant(from)]
    if let to { members["end"] = instant(to) }
    return .object(members)
  }

  func instant(_ at: WallClock) -> CanonicalJSON { .string(at.description) }

  func reference(_ type: String) -> CanonicalJSON {
    .object(["reference": .string("urn:uuid:" + uuid(type)), "type": .string(type)])
  }

  private func entry(
    _ type: String, _ members: [String: CanonicalJSON], _ number: Int? = nil
  ) -> CanonicalJSON {
    let id = uuid(type + (number.map { " \($0)" } ?? ""))
    var members = members
    members["resourceType"] = .string(type)
    members["id"] = .string(id)
    return .object(["fullUrl": .string("urn:uuid:" + id), "resource": .object(members)])
  }

  /// The same for the same resource in every bundle (RFC 9562 section 5.8).
  private func uuid(_ name: String) -> String {
    var octets = Array(SHA256.hash(data: Data("\(consultation.id) \(name)".utf8)).prefix(16))
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    let digits = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    var parts: [Substring] = []
    var rest = digits[...]
    for length in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return parts.joined(separator: "-")
  }
}
