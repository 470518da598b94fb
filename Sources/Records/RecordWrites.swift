internal import Consultation
internal import GRDB

/// One consultation within a transaction.
struct RecordWrites {
  let db: Database
  /// The consultation's row.
  let number: Int64

  /// - Throws: `RecordStoreError.noSuchConsultation` or `.ended`.
  init(_ id: ConsultationID, _ db: Database) throws {
    let row = try Row.fetchOne(
      db, sql: "SELECT number, endedAt FROM consultation WHERE id = ?", arguments: [id.rawValue])
    guard let row else { throw RecordStoreError.noSuchConsultation }
    guard row["endedAt"] == nil else { throw RecordStoreError.ended }
    self.db = db
    number = row["number"]
  }

  func apply(_ effect: RoomEffect, at now: WallClock) throws {
    switch effect {
    case .sittingBegan:
      try db.execute(
        sql: "INSERT INTO sitting (consultation, beganAt) VALUES (?, ?)",
        arguments: [number, now.milliseconds])
    case .joined(let participant):
      try db.execute(
        sql: """
          INSERT INTO presence (consultation, participant, role, name, joinedAt, assurance,
            professional, identityStatus)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          number, participant.id.rawValue, participant.role.rawValue, participant.name?.rawValue,
          participant.joinedAt.milliseconds, participant.claims.assurance,
          participant.claims.professional, participant.claims.identityStatus,
        ])
    case .waiting(let participant):
      try pass(.waiting, participant, by: nil, at: now)
    case .admitted(let participant, let actor):
      try pass(.admitted, participant.id, by: actor, at: now)
    case .held(let participant, let actor):
      try pass(.held, participant.id, by: actor, at: now)
    case .removed(_, let removal):
      guard let banned = removal.banned else { return }
      try db.execute(
        sql: "INSERT OR IGNORE INTO ban (consultation, bearer, at, actor) VALUES (?, ?, ?, ?)",
        arguments: [number, banned.rawValue, now.milliseconds, removal.actor?.rawValue])
    case .left(let participant, let reason):
      try db.execute(
        sql: """
          UPDATE presence SET leftAt = ?, leaveReason = ?
          WHERE consultation = ? AND participant = ? AND leftAt IS NULL
          """,
        arguments: [now.milliseconds, reason.rawValue, number, participant.rawValue])
    case .stateChanged(.ended):
      // Written with `ended`, which follows: an end without a reason cannot be stored.
      break
    case .stateChanged(let state):
      try db.execute(
        sql: "UPDATE consultation SET state = ? WHERE number = ?",
        arguments: [state.rawValue, number])
    case .sittingEnded(let reason):
      try db.execute(
        sql: """
          UPDATE sitting SET endedAt = ?, endReason = ? WHERE consultation = ? AND endedAt IS NULL
          """,
        arguments: [now.milliseconds, reason.rawValue, number])
    case .ended(let reason):
      try db.execute(
        sql: "UPDATE consultation SET state = 'ended', endedAt = ?, endReason = ? WHERE number = ?",
        arguments: [now.milliseconds, reason.rawValue, number])
    case .suspended, .resumed, .published, .muted, .unpublished, .waitingEnded:
      break
    }
  }

  private func pass(
    _ event: DoorEvent, _ participant: ParticipantID, by actor: ParticipantID?, at now: WallClock
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO passage (presence, event, at, actor)
        SELECT number, ?, ?, ? FROM presence
        WHERE consultation = ? AND participant = ? AND leftAt IS NULL
        """,
      arguments: [
        event.rawValue, now.milliseconds, actor?.rawValue, number, participant.rawValue,
      ])
  }

  /// Closes every presence and sitting that is open, of all consultations or of one. Returns how
  /// many presences that were.
  static func close(
    _ consultation: Int64?, reason: LeaveReason, at now: WallClock, _ db: Database
  ) throws -> Int {
    let arguments: StatementArguments = [
      "now": now.milliseconds, "reason": reason.rawValue, "number": consultation,
    ]
    try db.execute(
      sql: """
        UPDATE presence SET leftAt = :now, leaveReason = :reason
        WHERE leftAt IS NULL AND (:number IS NULL OR consultation = :number)
        """,
      arguments: arguments)
    let closed = db.changesCount
    try db.execute(
      sql: """
        UPDATE sitting SET endedAt = :now, endReason = :reason
        WHERE endedAt IS NULL AND (:number IS NULL OR consultation = :number)
        """,
      arguments: arguments)
    try db.execute(
      sql: """
        UPDATE consultation SET state = 'open'
        WHERE state = 'active' AND (:number IS NULL OR number = :number)
        """,
      arguments: ["number": consultation])
    return closed
  }
}

extension RoomEffect {
  /// Whether `RecordWrites.apply` writes anything for it.
  var isKept: Bool {
    switch self {
    case .sittingBegan, .joined, .waiting, .admitted, .held, .removed, .left, .stateChanged,
      .sittingEnded, .ended:
      true
    case .suspended, .resumed, .published, .muted, .unpublished, .waitingEnded: false
    }
  }
}
