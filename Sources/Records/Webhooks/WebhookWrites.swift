internal import Consultation
internal import GRDB

/// Writes events into the outbox, in the transaction of what they tell.
struct WebhookWrites {
  let db: Database
  /// The consultation's row and its id.
  let number: Int64
  let id: String

  /// - Parameter data: besides `sequence` and `consultation`.
  func tell(
    _ type: String, at now: WallClock, _ data: [String: CanonicalJSON] = [:]
  ) throws {
    // Within a write transaction nobody else takes the next number.
    let sequence = try RecordDatabase.lastNumber(of: "webhook", db) + 1
    var data = data
    data["sequence"] = .integer(sequence)
    data["consultation"] = .string(id)
    let body = CanonicalJSON.object([
      "type": .string(type), "timestamp": .string(now.description), "data": .object(data),
    ])
    let random = String(UInt64.random(in: .min ... .max), radix: 36)
    try db.execute(
      sql: """
        INSERT INTO webhook (number, id, consultation, type, at, content, nextAt)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        sequence, "evt_\(sequence)_\(random)", number, type, now.milliseconds,
        String(decoding: body.bytes, as: UTF8.self), now.milliseconds,
      ])
  }

  /// That somebody is gone, if it was told that they came: the two pair always.
  ///
  /// - Parameter presence: an open row of `presence`.
  func tellLeft(_ presence: Row, reason: LeaveReason, at now: WallClock) throws {
    guard presence["told"] as Bool else { return }
    try tell(
      "participant.left", at: now,
      [
        "participant": .string(presence["participant"]), "role": .string(presence["role"]),
        "reason": .string(reason.rawValue),
        "joinedAt": .string(WallClock(milliseconds: presence["joinedAt"]).description),
      ])
  }

  /// The end, with all who were there.
  func tellEnded(reason: LeaveReason, at now: WallClock) throws {
    let rows = try Row.fetchAll(
      db, sql: "SELECT * FROM presence WHERE consultation = ? ORDER BY number",
      arguments: [number])
    let participants = rows.map { row -> CanonicalJSON in
      var entry: [String: CanonicalJSON] = [
        "participant": .string(row["participant"]), "role": .string(row["role"]),
        "joinedAt": .string(WallClock(milliseconds: row["joinedAt"]).description),
      ]
      if let left: Int64 = row["leftAt"], let why: String = row["leaveReason"] {
        entry["leftAt"] = .string(WallClock(milliseconds: left).description)
        entry["reason"] = .string(why)
      }
      return .object(entry)
    }
    try tell(
      "consultation.ended", at: now,
      ["reason": .string(reason.rawValue), "participants": .array(participants)])
  }
}
