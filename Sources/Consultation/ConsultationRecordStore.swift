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

  /// Closes every presence and sitting that is still open, at start; consultations that had people
  /// in them can be entered again. Returns how many presences were closed.
  @discardableResult
  func closeWhatWasOpen(reason: LeaveReason, at now: WallClock) async throws(RecordStoreError)
    -> Int

  /// True for the first caller only: a single-use invitation (JWT `jti`) is spent by this.
  /// The mark may be forgotten after `expires`.
  func spendInvitation(
    _ jti: String, expires: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> Bool
}

public enum RecordStoreError: Error, Hashable, Sendable {
  case exists
  case noSuchConsultation
  /// The consultation has ended.
  case ended
  /// The storage failed (full, unreadable, locked); the text is for the operator.
  case storage(String)
}
