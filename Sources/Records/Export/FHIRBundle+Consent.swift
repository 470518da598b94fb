internal import Consultation

extension FHIRBundle {
  /// One for each question that was answered, as it stands.
  var consentResources: [[String: CanonicalJSON]] {
    var questions: [ConsentQuestion] = []
    var decisions: [ConsentQuestion: [ConsentRecord]] = [:]
    for record in consents {
      if decisions[record.entry.question] == nil { questions.append(record.entry.question) }
      decisions[record.entry.question, default: []].append(record)
    }
    return questions.compactMap { question in
      guard let last = decisions[question]?.last else { return nil }
      let given = decisions[question]?.last { $0.entry.decision == .given }
      var provision: [String: CanonicalJSON] = [
        "type": .string(last.entry.decision == .given ? "permit" : "deny")
      ]
      if let given {
        provision["period"] = period(given.at, last.at == given.at ? nil : last.at)
      }
      var members: [String: CanonicalJSON] = [
        "status": .string(Self.status(last.entry.decision)),
        "scope": concept(
          "http://terminology.hl7.org/CodeSystem/consentscope", "treatment", "Treatment"),
        "category": .array([concept("http://loinc.org", "59284-0", "Consent Document")]),
        "dateTime": instant(last.at),
        "policyRule": .object([
          "text": .string("\(question.purpose.rawValue), version \(last.entry.version)")
        ]),
        "provision": .object(provision),
      ]
      if let patient = participants.first(where: { $0.role == .patient }) {
        members["patient"] = person(patient)
      }
      if let one = participants.first(where: { $0.id == question.participant }) {
        members["performer"] = .array([person(one)])
      }
      return members
    }
  }

  private static func status(_ decision: ConsentDecision) -> String {
    switch decision {
    case .given: "active"
    case .refused: "rejected"
    case .withdrawn: "inactive"
    }
  }

  private func concept(_ system: String, _ code: String, _ display: String) -> CanonicalJSON {
    .object(["coding": .array([coding(system, code, display)])])
  }
}
