public import Consultation
internal import GRDB

/// The outbox of webhooks: each consultation's events one after the other, the oldest first.
extension RecordDatabase {
  /// Delivered events can be sent again for so long.
  static let webhookDays: Int64 = 30

  /// The first event that is not delivered of each consultation, where it is time for it.
  ///
  /// - Parameter busy: consultations (rows) with an event under way.
  func dueWebhooks(
    at now: WallClock, limit: Int, busy: Set<Int64>
  ) async throws(RecordStoreError) -> [WebhookEvent] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT webhook.* FROM
            (SELECT MIN(number) AS head FROM webhook WHERE doneAt IS NULL GROUP BY consultation)
          JOIN webhook ON webhook.number = head
          WHERE webhook.nextAt <= ? ORDER BY webhook.number LIMIT ?
          """,
        arguments: [now.milliseconds, limit + busy.count]
      ).map(WebhookEvent.init).filter { !busy.contains($0.consultation) }
    }
  }

  func webhookDelivered(_ number: Int64, at now: WallClock) async throws(RecordStoreError) {
    try await write { db in
      try db.execute(
        sql: "UPDATE webhook SET doneAt = ?, isGivenUp = 0 WHERE number = ?",
        arguments: [now.milliseconds, number])
    }
  }

  /// - Parameter next: when to try again; `nil`: never, and the events behind it go on.
  func webhookFailed(
    _ number: Int64, next: WallClock?, at now: WallClock
  ) async throws(RecordStoreError) {
    try await write { db in
      try db.execute(
        sql: """
          UPDATE webhook SET attempts = attempts + 1, failingSince = COALESCE(failingSince, ?),
            nextAt = COALESCE(?, nextAt), doneAt = ?, isGivenUp = ? WHERE number = ?
          """,
        arguments: [
          now.milliseconds, next?.milliseconds, next == nil ? now.milliseconds : nil, next == nil,
          number,
        ])
    }
  }

  /// What was delivered or given up long ago goes.
  func forgetWebhooks(at now: WallClock) async throws(RecordStoreError) {
    let limit = now.advanced(bySeconds: -Self.webhookDays * 86_400)
    try await write { db in
      try db.execute(
        sql: "DELETE FROM webhook WHERE doneAt < ?", arguments: [limit.milliseconds])
    }
  }

  public func replayWebhooks(
    from first: Int64, to last: Int64?, at now: WallClock
  ) async throws(RecordStoreError) -> Int {
    let count = try await change(at: now) { db in
      try db.execute(
        sql: """
          UPDATE webhook SET doneAt = NULL, isGivenUp = 0, attempts = 0, failingSince = NULL,
            nextAt = :now
          WHERE number >= :first AND (:last IS NULL OR number <= :last)
          """,
        arguments: ["now": now.milliseconds, "first": first, "last": last])
      return db.changesCount
    } saying: {
      [.replayed(from: first, count: $0)]
    }
    bell.ring()
    return count
  }

  public func webhooks() async throws(RecordStoreError) -> WebhookState? {
    guard tellsWebhooks else { return nil }
    return try await read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT COUNT(*) AS pending, MIN(at) AS oldest,
            (SELECT COUNT(*) FROM webhook WHERE isGivenUp) AS givenUp,
            (SELECT seq FROM sqlite_sequence WHERE name = 'webhook') AS last
          FROM webhook WHERE doneAt IS NULL
          """)
      let oldest: Int64? = row?["oldest"]
      return WebhookState(
        last: row?["last"] ?? 0, pending: row?["pending"] ?? 0,
        oldestPending: oldest.map(WallClock.init(milliseconds:)), givenUp: row?["givenUp"] ?? 0)
    }
  }
}
