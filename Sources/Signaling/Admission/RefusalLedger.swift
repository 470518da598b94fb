internal import Consultation
internal import Synchronization
internal import Wire

/// Tokens that were refused: counted by reason for `/metrics`, and gathered for the audit log, so that
/// somebody who tries a million of them writes a few lines there and not a million.
final class RefusalLedger: Sendable {
  /// A reason is written at once, then so seldom.
  static let interval = MediaDuration.seconds(10)
  /// What is gathered at one time; beyond that the consultation is not told apart.
  static let capacity = 256

  private struct Key: Hashable {
    var reason: String
    var consultation: ConsultationID?
  }

  private struct Entry {
    var count = 0
    var lastWritten: MediaInstant?
  }

  private struct State {
    var totals: [String: UInt64] = [:]
    var entries: [Key: Entry] = [:]
  }

  private let state = Mutex(State())

  /// - Parameter consultation: what it was about, if the token was genuine.
  func note(_ refusal: TokenRefusal, about consultation: ConsultationID?) {
    state.withLock { state in
      state.totals[refusal.reason, default: 0] &+= 1
      // Whoever shows none has not tried one.
      guard refusal != .missing else { return }
      var key = Key(reason: refusal.reason, consultation: consultation)
      if state.entries[key] == nil, state.entries.count >= Self.capacity { key.consultation = nil }
      state.entries[key, default: Entry()].count += 1
    }
  }

  /// Every reason, those that have not occurred among them.
  var totals: [(reason: String, count: UInt64)] {
    let totals = state.withLock { $0.totals }
    return TokenRefusal.reasons.map { ($0, totals[$0] ?? 0) }
  }

  /// What is to be written now. To be called about once a second.
  ///
  /// - Parameter isLast: nothing is kept for later.
  func take(at now: MediaInstant, isLast: Bool = false) -> [RefusedTokens] {
    state.withLock { state in
      var due: [RefusedTokens] = []
      for (key, entry) in state.entries {
        if let last = entry.lastWritten, now - last < Self.interval, !isLast { continue }
        guard entry.count > 0 else {
          state.entries[key] = nil
          continue
        }
        due.append(
          RefusedTokens(reason: key.reason, consultation: key.consultation, count: entry.count))
        state.entries[key] = Entry(count: 0, lastWritten: now)
      }
      return due.sorted {
        ($0.reason, $0.consultation?.rawValue ?? "") < ($1.reason, $1.consultation?.rawValue ?? "")
      }
    }
  }

  /// What could not be written, to be written with the next.
  func putBack(_ refused: [RefusedTokens]) {
    state.withLock { state in
      for one in refused {
        state.entries[Key(reason: one.reason, consultation: one.consultation), default: Entry()]
          .count += one.count
      }
    }
  }
}
