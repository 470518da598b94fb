internal import Consultation
internal import GRDB

/// One consultation within a transaction.
struct RecordWrites {
  let db: Database
  /// The consultation's row.
  let number: Int64
  /// `nil`: nothing of it is told to a webhook.
  private let webhook: WebhookWrites?
  /// Whoever was told to have come is told to have left, also where there is no webhook any more.
  private let left: WebhookWrites
  private let keys: ConsultationKeys

  /// - Parameter tells: whether there is a webhook.
  /// - Throws: `RecordStoreError.noSuchConsultation` or `.ended`.
  init(_ id: ConsultationID, _ db: Database, tells: Bool, keys: ConsultationKeys) throws {
    let row = try Row.fetchOne(
      db, sql: "SELECT number, endedAt FROM consultation WHERE id = ?", arguments: [id.rawValue])
    guard let row else { throw RecordStoreError.noSuchConsultation }
    guard row["endedAt"] == nil else { throw RecordStoreError.ended }
    self.db = db
    self.keys = keys
    number = row["number"]
    webhook = tells && !id.isLoadTest ? WebhookWrites(db: db, number: number, id: id.rawValue) : nil
    left = WebhookWrites(db: db, number: number, id: id.rawValue)
  }

  func tell(_ type: String, at now: WallClock, _ data: [String: CanonicalJSON] = [:]) throws {
    try webhook?.tell(type, at: now, data)
  }

  func apply(_ effect: RoomEffect, at now: WallClock) throws {
    switch effect {
    case .sittingBegan:
      try db.execute(
        sql: "INSERT INTO sitting (consultation, beganAt) VALUES (?, ?)",
        arguments: [number, now.milliseconds])
      try tell("sitting.began", at: now)
    case .joined(let participant):
      try db.execute(
        sql: """
          INSERT INTO presence (consultation, participant, role, sealed, joinedAt, assurance,
            identityStatus, told)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          number, participant.id.rawValue, participant.role.rawValue,
          try keys.seal(
            PersonalData(participant), of: participant.id.rawValue, in: number, db),
          participant.joinedAt.milliseconds, participant.claims.assurance,
          participant.claims.identityStatus, webhook != nil,
        ])
      try tell(
        "participant.joined", at: now,
        [
          "participant": .string(participant.id.rawValue),
          "role": .string(participant.role.rawValue),
        ])
    case .waiting(let participant):
      try pass(.waiting, participant, by: nil, at: now)
      try tell(
        "participant.waiting", at: now, ["participant": .string(participant.rawValue)])
    case .admitted(let participant, let actor):
      try pass(.admitted, participant.id, by: actor, at: now)
      try tell("participant.admitted", at: now, Self.passage(participant.id, by: actor))
    case .held(let participant, let actor):
      try pass(.held, participant.id, by: actor, at: now)
      try tell("participant.held", at: now, Self.passage(participant.id, by: actor))
    case .checked(let participant, let check):
      try check.keep(of: participant, in: number, at: now, db)
      try tell(
        "participant.checked", at: now,
        CanonicalJSON.members(check).merging(["participant": .string(participant.rawValue)]) {
          $1
        })
    case .removed(let participant, let removal):
      var data: [String: CanonicalJSON] = [
        "participant": .string(participant.rawValue), "role": .string(removal.role.rawValue),
        "banned": .boolean(removal.banned != nil),
      ]
      if let actor = removal.actor { data["by"] = .string(actor.rawValue) }
      try tell("participant.removed", at: now, data)
      guard let banned = removal.banned else { return }
      try db.execute(
        sql: "INSERT OR IGNORE INTO ban (consultation, bearer, at, actor) VALUES (?, ?, ?, ?)",
        arguments: [number, banned.rawValue, now.milliseconds, removal.actor?.rawValue])
    case .consented(let entry):
      try db.execute(
        sql: """
          INSERT INTO consent (consultation, participant, purpose, about, decision, version, language, at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          number, entry.question.participant.rawValue, entry.question.purpose.rawValue,
          entry.question.about?.rawValue, entry.decision.rawValue, entry.version, entry.language,
          now.milliseconds,
        ])
      var data: [String: CanonicalJSON] = [
        "participant": .string(entry.question.participant.rawValue),
        "purpose": .string(entry.question.purpose.rawValue), "version": .string(entry.version),
        "language": .string(entry.language),
      ]
      if let about = entry.question.about { data["about"] = .string(about.rawValue) }
      try tell("consent.\(entry.decision.rawValue)", at: now, data)
    case .left(let participant, let reason):
      let row = try Row.fetchOne(
        db,
        sql: "SELECT * FROM presence WHERE consultation = ? AND participant = ? AND leftAt IS NULL",
        arguments: [number, participant.rawValue])
      if let row { try left.tellLeft(row, reason: reason, at: now) }
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
      try tell("sitting.ended", at: now, ["reason": .string(reason.rawValue)])
    case .ended(let reason):
      try db.execute(
        sql: "UPDATE consultation SET state = 'ended', endedAt = ?, endReason = ? WHERE number = ?",
        arguments: [now.milliseconds, reason.rawValue, number])
      try webhook?.tellEnded(reason: reason, at: now)
    case .asideBegan(let actor):
      try tell("aside.began", at: now, ["by": .string(actor.rawValue)])
    case .asideEnded(let actor):
      try tell("aside.ended", at: now, actor.map { ["by": .string($0.rawValue)] } ?? [:])
    case .chargeTaken(let physician, let former, let reason):
      var data: [String: CanonicalJSON] = [
        "participant": .string(physician.rawValue), "reason": .string(reason.rawValue),
      ]
      if let former { data["from"] = .string(former.rawValue) }
      try tell("consultation.charge", at: now, data)
    case .shared(let file): try share(file, at: now)
    case .recordingBegan, .recordingEnded:
      try db.execute(
        sql: "UPDATE consultation SET isRecorded = ? WHERE number = ?",
        arguments: [effect.beginsRecording, number])
    case .suspended, .resumed, .published, .muted, .prioritized, .unpublished, .waitingEnded,
      .wrote, .fetched, .chargeOffered, .captureBegan, .captureEnded, .renditionBegan,
      .renditionEnded, .measurementBegan, .measurementEnded, .mixBegan, .mixEnded,
      .recordingPaused, .recordingResumed, .bridgeBegan, .bridgesPaused, .bridgesResumed,
      .bridgeEnded:
      break
    }
  }

  private static func passage(
    _ participant: ParticipantID, by actor: ParticipantID
  ) -> [String: CanonicalJSON] {
    ["participant": .string(participant.rawValue), "by": .string(actor.rawValue)]
  }

  /// The words that a new consultation asks with.
  static func keep(_ texts: [ConsentText], of consultation: Int64, _ db: Database) throws {
    for text in texts {
      for wording in text.wordings {
        try db.execute(
          sql: """
            INSERT INTO consentText (consultation, purpose, version, language, content)
            VALUES (?, ?, ?, ?, ?)
            """,
          arguments: [
            consultation, text.purpose.rawValue, text.version, wording.language, wording.text,
          ])
      }
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

  /// The events of `close`, which writes over what they are made of.
  private static func tellClosing(
    _ consultation: Int64?, reason: LeaveReason, at now: WallClock, _ db: Database, tells: Bool
  ) throws {
    let arguments: StatementArguments = ["number": consultation]
    let presences = try Row.fetchAll(
      db,
      sql: """
        SELECT presence.*, consultation.id AS consultationID FROM presence
        JOIN consultation ON consultation.number = presence.consultation
        WHERE leftAt IS NULL AND told AND (:number IS NULL OR presence.consultation = :number)
        ORDER BY presence.number
        """,
      arguments: arguments)
    for row in presences {
      try WebhookWrites(db: db, number: row["consultation"], id: row["consultationID"])
        .tellLeft(row, reason: reason, at: now)
    }
    guard tells else { return }
    let sittings = try Row.fetchAll(
      db,
      sql: """
        SELECT sitting.consultation, consultation.id AS consultationID FROM sitting
        JOIN consultation ON consultation.number = sitting.consultation
        WHERE sitting.endedAt IS NULL AND countsAsAct
          AND (:number IS NULL OR sitting.consultation = :number)
        ORDER BY sitting.number
        """,
      arguments: arguments)
    for row in sittings {
      try WebhookWrites(db: db, number: row["consultation"], id: row["consultationID"])
        .tell("sitting.ended", at: now, ["reason": .string(reason.rawValue)])
    }
  }

  /// What was open and was closed.
  struct Closed: Sendable {
    var presences: [(consultation: ConsultationID, participant: ParticipantID)] = []
    var sittings: [ConsultationID] = []
    var recordings: [ConsultationID] = []

    fileprivate init(_ consultation: Int64?, _ db: Database) throws {
      presences = try Row.fetchAll(
        db,
        sql: """
          SELECT consultation.id AS consultationID, participant FROM presence
          JOIN consultation ON consultation.number = presence.consultation
          WHERE leftAt IS NULL AND (:number IS NULL OR presence.consultation = :number)
          ORDER BY presence.number
          """,
        arguments: ["number": consultation]
      ).map { (try $0.value("consultationID"), try $0.value("participant")) }
      sittings = try Row.fetchAll(
        db,
        sql: """
          SELECT consultation.id AS consultationID FROM sitting
          JOIN consultation ON consultation.number = sitting.consultation
          WHERE sitting.endedAt IS NULL AND (:number IS NULL OR sitting.consultation = :number)
          ORDER BY sitting.number
          """,
        arguments: ["number": consultation]
      ).map { try $0.value("consultationID") }
      recordings = try Row.fetchAll(
        db,
        sql: """
          SELECT id FROM consultation WHERE isRecorded AND (:number IS NULL OR number = :number)
          ORDER BY number
          """,
        arguments: ["number": consultation]
      ).map { try $0.value("id") }
    }
  }

  /// Closes every presence, sitting and recording that is open, of all consultations or of one.
  static func close(
    _ consultation: Int64?, reason: LeaveReason, at now: WallClock, _ db: Database, tells: Bool
  ) throws -> Closed {
    let closed = try Closed(consultation, db)
    try tellClosing(consultation, reason: reason, at: now, db, tells: tells)
    let arguments: StatementArguments = [
      "now": now.milliseconds, "reason": reason.rawValue, "number": consultation,
    ]
    try db.execute(
      sql: """
        UPDATE presence SET leftAt = :now, leaveReason = :reason
        WHERE leftAt IS NULL AND (:number IS NULL OR consultation = :number)
        """,
      arguments: arguments)
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
    try db.execute(
      sql: """
        UPDATE consultation SET isRecorded = FALSE
        WHERE isRecorded AND (:number IS NULL OR number = :number)
        """,
      arguments: ["number": consultation])
    return closed
  }
}

extension RoomEffect {
  /// Whether `RecordWrites.apply` writes anything for it.
  var isKept: Bool {
    switch self {
    case .sittingBegan, .joined, .waiting, .admitted, .held, .checked, .consented, .removed, .left,
      .stateChanged, .sittingEnded, .ended, .asideBegan, .asideEnded, .shared,
      .chargeTaken, .recordingBegan, .recordingEnded:
      true
    case .suspended, .resumed, .published, .muted, .prioritized, .unpublished, .waitingEnded,
      .wrote, .fetched, .chargeOffered, .captureBegan, .captureEnded, .renditionBegan,
      .renditionEnded, .measurementBegan, .measurementEnded, .mixBegan, .mixEnded,
      .recordingPaused, .recordingResumed, .bridgeBegan, .bridgesPaused, .bridgesResumed,
      .bridgeEnded:
      false
    }
  }

  fileprivate var beginsRecording: Bool {
    if case .recordingBegan = self { true } else { false }
  }
}
