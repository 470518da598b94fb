internal import Consultation

/// What people write to each other. It is in the room's memory and nowhere else: no store, no log.
extension RoomSession {
  func write(
    _ text: String, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    guard let text = ChatText(rawValue: text) else {
      throw SignalingError(
        .badField,
        "field `text` is 1 to \(ChatText.limit) octets, without control characters but line feed and tab"
      )
    }
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.write(session.id, text, at: environment.clock.wall())
    } catch {
      throw SignalingError(error)
    }
    guard session.words.take(at: environment.clock.now()) else {
      throw SignalingError(
        .rateLimited, "at most one text a second for long: wait a moment and send it again")
    }
    room = next
    // Those who read do not wait for the disk; the reply does.
    settle(effects)
    await recorder.note(effects)
    guard let entry = room.chat(for: session.id).last else { return }
    session.link?.send(.chat(ChatMessage(entry), re: re))
  }

  /// The newest entry, to all who may read it besides its author.
  func tellWords(of author: ParticipantID) {
    guard let entry = room.chat(for: author).last else { return }
    let message = ChatMessage(entry)
    for recipient in entry.recipients { sessions[recipient]?.link?.send(.chat(message, re: nil)) }
  }

  /// What this participant could read.
  func chat(for participant: ParticipantID) -> [ChatMessage] {
    room.chat(for: participant).map(ChatMessage.init)
  }
}

extension ChatMessage {
  fileprivate init(_ entry: ChatEntry) {
    self.init(
      id: String(entry.number), participant: entry.author.rawValue, role: entry.role.rawValue,
      name: entry.name?.rawValue ?? "", text: entry.text.rawValue, at: entry.at.description,
      aside: entry.isAside, to: entry.recipients.map(\.rawValue))
  }
}
