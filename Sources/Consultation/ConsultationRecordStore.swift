/// Where consultations are kept. A call that changes something returns when the change would
/// survive a crash; what was not written must not be acknowledged to anyone.
public protocol ConsultationRecordStore: Sendable {
  /// A new consultation. `RecordStoreError.exists` when the id was ever used.
  func open(_ consultation: ConsultationRecord) async throws(RecordStoreError)

  /// What a verb of `Room` changed, all or nothing, in the order given.
  func append(
    _ effects: [RoomEffect], to consultation: ConsultationID, at now: WallClock
  ) async throws(RecordStoreError)

  /// Ends a consultation for good that nobody is in (no room is loaded for it).
  func end(
    _ consultation: ConsultationID, reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError)

  func consultation(_ id: ConsultationID) async throws(RecordStoreError) -> ConsultationRecord?

  /// Newest first; `state: nil` is every state.
  func consultations(
    state: ConsultationState?, limit: Int
  ) async throws(RecordStoreError) -> [ConsultationRecord]

  /// Every presence, in the order of joining.
  func participants(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ParticipantRecord]

  /// Every decision, oldest first.
  func consents(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ConsentRecord]

  /// What was shared, oldest first.
  func files(of consultation: ConsultationID) async throws(RecordStoreError) -> [FileRecord]

  /// Keeps what became of a recording, also after the end of its consultation. Once only for each file.
  /// - Parameters:
  ///   - link: where it is fetched.
  ///   - isWhole: `false`: what a crash has left of it.
  func keep(
    _ recording: FileRecord, link: String, isWhole: Bool, at now: WallClock
  ) async throws(RecordStoreError)

  /// What shared files of a consultation are sealed with, 32 octets, for as long as who took part in it can be read;
  /// `nil`: nothing is kept of it.
  func fileKey(of consultation: ConsultationID) async throws(RecordStoreError) -> [UInt8]?

  /// Of all consultations: what was handed over and is to stay until after `now`.
  func handedOver(after now: WallClock) async throws(RecordStoreError) -> [FileRecord]

  /// How content somebody was, also after the end; in place of what the same bearer has said before.
  func note(
    _ satisfaction: Satisfaction, by bearer: BearerMark, of consultation: ConsultationID,
    at now: WallClock
  ) async throws(RecordStoreError)

  func satisfactions(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [Satisfaction]

  /// Closes every presence, sitting and recording that is still open, at start; consultations that had people
  /// in them can be entered again. Returns how many presences were closed.
  @discardableResult
  func closeWhatWasOpen(reason: LeaveReason, at now: WallClock) async throws(RecordStoreError)
    -> Int

  /// Keeps the quality of some consultations, in place of what was kept under the same names before.
  /// Those of consultations that the store does not know are left.
  func keep(_ records: [QualityRecord], at now: WallClock) async throws(RecordStoreError)

  /// Oldest first.
  func quality(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [QualityRecord]

  /// Keeps that tokens were refused.
  func note(_ refused: [RefusedTokens], at now: WallClock) async throws(RecordStoreError)

  /// How the outbox of webhooks stands; `nil`: there is no webhook.
  func webhooks() async throws(RecordStoreError) -> WebhookState?

  /// Sends events again, from one sequence number to another (`nil`: the newest). Returns how many.
  func replayWebhooks(
    from first: Int64, to last: Int64?, at now: WallClock
  ) async throws(RecordStoreError) -> Int

  /// Makes who took part in an ended consultation unreadable for good; false when that is so already.
  func erase(
    _ id: ConsultationID, by eraser: RecordReading, at now: WallClock
  ) async throws(RecordStoreError) -> Bool

  /// Takes away what is kept of consultations that have ended before then, those of at most so many.
  ///
  /// - Parameter isTrial: only says what would go.
  func purge(
    _ category: Retention.Category, endedBefore limit: WallClock, isTrial: Bool, atMost: Int,
    at now: WallClock
  ) async throws(RecordStoreError) -> Purged

  /// Keeps that somebody was invited.
  func note(_ invitation: IssuedInvitation, at now: WallClock) async throws(RecordStoreError)

  /// Keeps that somebody reads a record.
  func note(_ reading: RecordReading, at now: WallClock) async throws(RecordStoreError)

  /// Of those that count as acts and were booked in a span of time: who was there, oldest first, so many at most.
  /// - Parameter place: behind which to go on.
  func presences(
    from: WallClock, to: WallClock, after place: ExportedPresence.Place?, atMost: Int
  ) async throws(RecordStoreError) -> [ExportedPresence]

  /// Of the same: of all of them first, then of each group, by its name.
  func indicators(
    from: WallClock, to: WallClock, by grouping: Indicators.Grouping, _ rule: ActRule,
    at now: WallClock
  ) async throws(RecordStoreError) -> [Indicators]

  /// For how long media passed between patient and physician.
  func mediaTime(of consultation: ConsultationID) async throws(RecordStoreError) -> MediaTime

  /// A consultation as a FHIR R4 bundle (JSON); `nil`: there is none of this id.
  func fhir(
    _ id: ConsultationID, _ rule: ActRule, at now: WallClock
  ) async throws(RecordStoreError) -> [UInt8]?

  /// True for the first caller only: a single-use invitation (JWT `jti`) is spent by this.
  /// The mark may be forgotten after `expires`.
  func spendInvitation(
    _ jti: String, expires: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> Bool
}

/// What was kept of the quality of one stay of people in a consultation.
public struct QualityRecord: Hashable, Sendable {
  public let consultation: ConsultationID
  /// When people came; with the consultation it names the record.
  public let beganAt: WallClock
  /// JSON, as Docs/Protocol.md describes it.
  public let content: String
  /// Of this stay.
  public let mediaTime: MediaTime

  public init(
    consultation: ConsultationID, beganAt: WallClock, content: String,
    mediaTime: MediaTime = .none
  ) {
    self.consultation = consultation
    self.beganAt = beganAt
    self.content = content
    self.mediaTime = mediaTime
  }
}

public enum RecordStoreError: Error, Hashable, Sendable {
  case exists
  case noSuchConsultation
  /// The consultation has ended.
  case ended
  /// The consultation has not ended.
  case notEnded
  /// The storage failed (full, unreadable, locked); the text is for the operator.
  case storage(String)
}

extension ConsultationRecordStore {
  /// A store that keeps no readings, and has no other forms.
  public func note(_ reading: RecordReading, at now: WallClock) async throws(RecordStoreError) {}

  public func note(
    _ invitation: IssuedInvitation, at now: WallClock
  ) async throws(RecordStoreError) {}

  public func presences(
    from: WallClock, to: WallClock, after place: ExportedPresence.Place?, atMost: Int
  ) async throws(RecordStoreError) -> [ExportedPresence] { [] }

  public func indicators(
    from: WallClock, to: WallClock, by grouping: Indicators.Grouping, _ rule: ActRule,
    at now: WallClock
  ) async throws(RecordStoreError) -> [Indicators] { [] }

  public func mediaTime(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> MediaTime { .none }

  public func fhir(
    _ id: ConsultationID, _ rule: ActRule, at now: WallClock
  ) async throws(RecordStoreError) -> [UInt8]? { nil }

  /// A store that keeps no keys.
  public func fileKey(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [UInt8]? { nil }

  /// A store of which nothing is taken away.
  public func erase(
    _ id: ConsultationID, by eraser: RecordReading, at now: WallClock
  ) async throws(RecordStoreError) -> Bool { false }

  public func purge(
    _ category: Retention.Category, endedBefore limit: WallClock, isTrial: Bool, atMost: Int,
    at now: WallClock
  ) async throws(RecordStoreError) -> Purged {
    Purged(category: category, before: limit, count: 0, digest: "")
  }

  /// A store without webhooks.
  public func webhooks() async throws(RecordStoreError) -> WebhookState? { nil }

  public func replayWebhooks(
    from first: Int64, to last: Int64?, at now: WallClock
  ) async throws(RecordStoreError) -> Int { 0 }

  /// A store that keeps no refusals.
  public func note(
    _ refused: [RefusedTokens], at now: WallClock
  ) async throws(RecordStoreError) {}

  /// A store that keeps no quality.
  public func keep(_ records: [QualityRecord], at now: WallClock) async throws(RecordStoreError) {}

  public func quality(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [QualityRecord] { [] }
}
