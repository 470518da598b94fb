internal import Consultation
internal import Logging

/// Writes what happens in a room to the record store, in order.
///
/// What must not be acknowledged unwritten goes through `write`. What happens anyway (a connection
/// is lost, media ends) goes through `note`: it is written later if it cannot be written now, since
/// a full disk must not end a conversation. Used by the room's actor, on the actor.
final class RoomRecorder {
  static let backlogLimit = 1024

  private let consultation: ConsultationID
  private let environment: RoomEnvironment
  private var backlog: [(effects: [RoomEffect], at: WallClock)] = []

  init(consultation: ConsultationID, environment: RoomEnvironment) {
    self.consultation = consultation
    self.environment = environment
  }

  var isSettled: Bool { backlog.isEmpty }

  /// Returns when the effects, and all before them, would survive a crash.
  nonisolated(nonsending) func write(_ effects: [RoomEffect]) async throws(RecordStoreError) {
    guard !effects.isEmpty else { return }
    let now = environment.clock.wall()
    do {
      try await catchUp()
      try await environment.store.append(effects, to: consultation, at: now)
    } catch {
      failed(error)
      throw error
    }
  }

  nonisolated(nonsending) func note(_ effects: [RoomEffect]) async {
    guard !effects.isEmpty else { return }
    let now = environment.clock.wall()
    do {
      try await catchUp()
      try await environment.store.append(effects, to: consultation, at: now)
    } catch {
      failed(error)
      if backlog.count < Self.backlogLimit { backlog.append((effects, now)) }
    }
  }

  /// Tries again what could not be written.
  nonisolated(nonsending) func retry() async {
    do { try await catchUp() } catch { failed(error) }
  }

  private nonisolated(nonsending) func catchUp() async throws(RecordStoreError) {
    while let first = backlog.first {
      do {
        try await environment.store.append(first.effects, to: consultation, at: first.at)
      } catch {
        // The store will never take it: nothing after it may wait for it.
        guard error == .ended || error == .noSuchConsultation else { throw error }
      }
      backlog.removeFirst()
    }
  }

  private func failed(_ error: RecordStoreError) {
    environment.counters.add(.recordFailures)
    environment.logger.error(
      "the record could not be written",
      metadata: ["consultation": "\(consultation)", "error": "\(error)"])
  }
}
