import Consultation
import Synchronization

/// An in-memory store that can be held and made to fail, and remembers what was written.
final class TestStore: ConsultationRecordStore {
  private struct State {
    var isFailing = false
    var isHeld = false
    var held: [CheckedContinuation<Void, Never>] = []
    var effects: [RoomEffect] = []
  }

  let records = InMemoryRecordStore()
  private let state = Mutex(State())

  var effects: [RoomEffect] { state.withLock { $0.effects } }

  /// From now on writes fail.
  func fail(_ isFailing: Bool) { state.withLock { $0.isFailing = isFailing } }

  /// From now on writes wait for `release`.
  func hold() { state.withLock { $0.isHeld = true } }

  var heldCount: Int { state.withLock { $0.held.count } }

  func release() {
    let held = state.withLock { state in
      state.isHeld = false
      defer { state.held = [] }
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  private func pass() async throws(RecordStoreError) {
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state in
        if state.isHeld { state.held.append(continuation) }
        return state.isHeld
      }
      if !isHeld { continuation.resume() }
    }
    if state.withLock({ $0.isFailing }) { throw .storage("full") }
  }

  func open(_ consultation: ConsultationRecord) async throws(RecordStoreError) {
    try await pass()
    try await records.open(consultation)
  }

  func append(
    _ effects: [RoomEffect], to consultation: ConsultationID, at now: WallClock
  ) async throws(RecordStoreError) {
    try await pass()
    try await records.append(effects, to: consultation, at: now)
    state.withLock { $0.effects += effects }
  }

  func end(
    _ consultation: ConsultationID, reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) {
    try await pass()
    try await records.end(consultation, reason: reason, at: now)
  }

  func consultation(_ id: ConsultationID) async throws(RecordStoreError) -> ConsultationRecord? {
    await records.consultation(id)
  }

  func consultations(
    state: ConsultationState?, limit: Int
  ) async throws(RecordStoreError) -> [ConsultationRecord] {
    if self.state.withLock({ $0.isFailing }) { throw .storage("unreadable") }
    return await records.consultations(state: state, limit: limit)
  }

  func keep(
    _ recording: FileRecord, link: String, isWhole: Bool, at now: WallClock
  ) async throws(RecordStoreError) {
    try await pass()
    try await records.keep(recording, link: link, isWhole: isWhole, at: now)
  }

  func participants(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ParticipantRecord] {
    await records.participants(of: consultation)
  }

  func consents(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [ConsentRecord] {
    await records.consents(of: consultation)
  }

  func files(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [FileRecord] {
    await records.files(of: consultation)
  }

  func handedOver(after now: WallClock) async throws(RecordStoreError) -> [FileRecord] {
    await records.handedOver(after: now)
  }

  func note(
    _ satisfaction: Satisfaction, by bearer: BearerMark, of consultation: ConsultationID,
    at now: WallClock
  ) async throws(RecordStoreError) {
    try await pass()
    try await records.note(satisfaction, by: bearer, of: consultation, at: now)
  }

  func satisfactions(
    of consultation: ConsultationID
  ) async throws(RecordStoreError) -> [Satisfaction] {
    await records.satisfactions(of: consultation)
  }

  func closeWhatWasOpen(
    reason: LeaveReason, at now: WallClock
  ) async throws(RecordStoreError) -> Int {
    await records.closeWhatWasOpen(reason: reason, at: now)
  }

  func spendInvitation(
    _ jti: String, expires: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> Bool {
    try await pass()
    return await records.spendInvitation(jti, expires: expires, at: now)
  }
}
