/// Something that was written, with those who could read it then.
public struct ChatEntry: Hashable, Sendable {
  /// Counts up within the time that somebody is there.
  public let number: UInt64
  public let author: ParticipantID
  /// As the others saw the author, who may be gone.
  public let role: ParticipantRole
  public let name: DisplayName?
  public let text: ChatText
  public let at: WallClock
  /// Written within a private aside.
  public let isAside: Bool
  /// Without the author.
  public let recipients: [ParticipantID]

  func isReadable(by id: ParticipantID) -> Bool { author == id || recipients.contains(id) }
}

/// What was written in a consultation, in memory and nowhere else. Who comes later reads nothing of
/// it; what nobody who is here may read is forgotten.
struct ChatLog: Sendable {
  static let capacity = 200

  private(set) var entries: [ChatEntry] = []
  private var count: UInt64 = 0

  mutating func append(
    _ text: ChatText, by author: Participant, to recipients: [ParticipantID], isAside: Bool,
    at now: WallClock
  ) {
    count &+= 1
    if entries.count == Self.capacity { entries.removeFirst() }
    entries.append(
      ChatEntry(
        number: count, author: author.id, role: author.role, name: author.name, text: text,
        at: now, isAside: isAside, recipients: recipients))
  }

  mutating func keep(whatIsReadableBy present: [Participant]) {
    entries.removeAll { entry in !present.contains { entry.isReadable(by: $0.id) } }
  }
}
