internal import Consultation
internal import GRDB

extension RecordWrites {
  /// What was shared: never its name, never its content.
  func share(_ file: SharedFile, at now: WallClock) throws {
    try db.execute(
      sql: """
        INSERT INTO sharedFile (consultation, file, participant, type, size, sha256, aside, at, keptUntil)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        number, file.id.rawValue, file.owner.rawValue, file.type.rawValue, file.size, file.sha256,
        file.isAside, now.milliseconds, file.handover?.until.milliseconds,
      ])
    var data: [String: CanonicalJSON] = [
      "participant": .string(file.owner.rawValue), "file": .string(file.id.rawValue),
      "type": .string(file.type.mediaType), "size": .integer(Int64(file.size)),
      "sha256": .string(file.sha256), "aside": .boolean(file.isAside),
    ]
    if let handover = file.handover {
      data["link"] = .string(handover.link)
      data["until"] = .string(handover.until.description)
    }
    try tell("file.shared", at: now, data)
  }
}

extension FileRecord {
  /// - Parameter row: of `sharedFile`, with `consultationID`.
  init(_ row: Row) throws {
    let until: Int64? = row["keptUntil"]
    self.init(
      id: try row.value("file"), consultation: try row.value("consultationID"),
      owner: try row.value("participant"), type: try row.value("type"), size: row["size"],
      sha256: row["sha256"], isAside: row["aside"], at: row.moment("at"),
      keptUntil: until.map(WallClock.init(milliseconds:)))
  }

  static let query = """
    SELECT sharedFile.*, consultation.id AS consultationID FROM sharedFile
    JOIN consultation ON consultation.number = sharedFile.consultation

    """
}
