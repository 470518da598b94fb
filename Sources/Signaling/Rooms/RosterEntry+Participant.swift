internal import Consultation

extension RosterEntry {
  /// - Parameter publications: what the reader may know of.
  init(_ participant: Participant, publications: [Participant.Publication]) {
    self.init(
      id: participant.id.rawValue, role: participant.role.rawValue,
      name: participant.name?.rawValue ?? "",
      state: participant.presence.isConnected ? .connected : .reconnecting,
      publications: publications.map(RosterPublication.init))
    if participant.bridge != nil { kind = "bridge" }
  }

  init(_ participant: Participant) {
    self.init(participant, publications: participant.publications)
  }

  /// As those see it who may let in.
  static func waiting(_ participant: Participant) -> RosterEntry {
    var entry = RosterEntry(participant)
    entry.check = participant.check.map { CheckView($0) }
    return entry
  }
}

extension RosterPublication {
  init(_ publication: Participant.Publication) {
    self.init(
      id: publication.track.description, kind: publication.source.isAudio ? "audio" : "video",
      source: publication.source.rawValue, muted: publication.muted,
      priority: publication.source.isAudio ? nil : publication.priority.rawValue,
      encrypted: publication.isEncrypted ? true : nil)
  }
}
