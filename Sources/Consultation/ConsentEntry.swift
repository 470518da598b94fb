/// Something that one participant is asked.
public struct ConsentQuestion: Hashable, Sendable {
  public let participant: ParticipantID
  public let purpose: ConsentPurpose
  /// The third participant whom it is about; `nil` for every other purpose.
  public let about: ParticipantID?

  public init(_ purpose: ConsentPurpose, of participant: ParticipantID, about: ParticipantID?) {
    self.participant = participant
    self.purpose = purpose
    self.about = about
  }
}

public enum ConsentDecision: String, Codable, Hashable, Sendable, CaseIterable {
  case given, refused
  /// Was given and is no more.
  case withdrawn
}

/// A decision, with the words that it was made on.
public struct ConsentEntry: Hashable, Sendable {
  public let question: ConsentQuestion
  public let decision: ConsentDecision
  /// Of the `ConsentText`.
  public let version: String
  /// In which it was read.
  public let language: String

  public init(
    _ question: ConsentQuestion, _ decision: ConsentDecision, version: String, language: String
  ) {
    self.question = question
    self.decision = decision
    self.version = version
    self.language = language
  }
}

/// A decision as it is kept. Nothing of it is ever changed: a later one stands after it.
public struct ConsentRecord: Hashable, Sendable {
  public let entry: ConsentEntry
  public let at: WallClock

  public init(_ entry: ConsentEntry, at: WallClock) {
    self.entry = entry
    self.at = at
  }
}
