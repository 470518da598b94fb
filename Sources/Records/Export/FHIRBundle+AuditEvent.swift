internal import Consultation

extension FHIRBundle {
  /// Who came and went, and whom the door let through, in order.
  var auditEvents: [[String: CanonicalJSON]] {
    var events: [(at: WallClock, resource: [String: CanonicalJSON])] = []
    func add(
      _ event: String, _ dicom: (String, String), _ one: ParticipantRecord, _ at: WallClock,
      by: ParticipantID? = nil, outcome: String = "0"
    ) {
      let actor = by.flatMap { id in participants.first { $0.id == id } } ?? one
      events.append(
        (
          at,
          [
            "type": coding(
              "http://dicom.nema.org/resources/ontology/DCM", "110114", "User Authentication"),
            "subtype": .array([
              coding("http://dicom.nema.org/resources/ontology/DCM", dicom.0, dicom.1),
              coding(Self.eventSystem, event, event),
            ]),
            "action": .string("E"), "recorded": instant(at), "outcome": .string(outcome),
            "agent": .array([
              .object(["who": person(actor), "requestor": .boolean(true)])
            ]),
            "source": .object([
              "observer": .object(["identifier": identifier("urn:visavis:log", log)])
            ]),
            "entity": .array([.object(["what": reference("Encounter")])]),
          ]
        ))
    }
    for one in participants {
      add("participant.joined", ("110122", "Login"), one, one.joinedAt)
      for passage in one.passages {
        add(
          "participant.\(passage.event.rawValue)", ("110122", "Login"), one, passage.at,
          by: passage.by)
      }
      if let end = one.end {
        let isFault = [.connectionLost, .mediaFailed, .serverCrash].contains(end.reason)
        add(
          "participant.left", ("110123", "Logout"), one, end.at, outcome: isFault ? "4" : "0")
      }
    }
    return events.sorted { $0.at < $1.at }.map(\.resource)
  }
}
