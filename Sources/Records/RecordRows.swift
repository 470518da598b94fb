internal import Consultation
internal import GRDB

/// A row holds what this program never wrote.
struct UnreadableRow: Error, CustomStringConvertible {
  let description: String
}

extension Row {
  /// A column that holds the raw value of an enumeration or an identifier.
  func value<Value: RawRepresentable>(
    _ column: String, as type: Value.Type = Value.self
  ) throws -> Value where Value.RawValue == String {
    let text: String = self[column]
    guard let value = Value(rawValue: text) else {
      throw UnreadableRow(description: "the column \(column) holds no \(type)")
    }
    return value
  }

  func moment(_ column: String) -> WallClock {
    WallClock(milliseconds: self[column])
  }

  func window() throws -> AppointmentWindow {
    let bounds = ["notBefore", "notAfter"].map { column -> WallClock? in
      let milliseconds: Int64? = self[column]
      return milliseconds.map(WallClock.init(milliseconds:))
    }
    guard let window = AppointmentWindow(notBefore: bounds[0], notAfter: bounds[1]) else {
      throw UnreadableRow(description: "the columns notBefore and notAfter hold no window")
    }
    return window
  }

  func ending(_ moment: String, _ reason: String) throws -> ConsultationRecord.Ending? {
    guard let milliseconds: Int64 = self[moment] else { return nil }
    return ConsultationRecord.Ending(
      at: WallClock(milliseconds: milliseconds), reason: try value(reason))
  }
}

extension ConsultationRecord {
  init(
    _ row: Row, sittings: [Sitting], consents: [ConsentText], bans: Set<BearerMark>
  ) throws {
    self.init(
      id: try row.value("id"), kind: try row.value("kind"), createdAt: row.moment("createdAt"),
      leastDelay: row["leastDelay"], hasWaitingRoom: row["waitingRoom"],
      consents: consents, window: try row.window(), unit: .init(row), state: try row.value("state"),
      end: try row.ending("endedAt", "endReason"), sittings: sittings, bans: bans,
      erasedAt: (row["erasedAt"] as Int64?).map(WallClock.init(milliseconds:)))
  }
}

extension MediaTime {
  /// Sums of many rows, which SQLite makes numbers with a fraction.
  init(_ row: Row?) {
    let media: Double = row?["media"] ?? 0
    let video: Double = row?["video"] ?? 0
    self.init(media: Int(media), video: Int(video))
  }
}

extension ConsultationRecord.Unit {
  init(_ row: Row) {
    func code(_ column: String) -> ConsultationID? {
      (row[column] as String?).flatMap(ConsultationID.init(rawValue:))
    }
    self.init(organisation: code("organisation"), service: code("service"))
  }
}

extension ConsultationRecord.Sitting {
  init(_ row: Row) throws {
    self.init(beganAt: row.moment("beganAt"), end: try row.ending("endedAt", "endReason"))
  }
}

extension ParticipantRecord {
  init(
    _ row: Row, _ personal: PersonalData, passages: [Passage], checks: [CheckRecord]
  ) throws {
    self.init(
      id: try row.value("participant"), role: try row.value("role"),
      name: personal.name.flatMap(DisplayName.init(rawValue:)), joinedAt: row.moment("joinedAt"),
      claims: IdentityClaims(
        assurance: row["assurance"], professional: personal.professional,
        identityStatus: row["identityStatus"]),
      passages: passages, checks: checks, end: try row.ending("leftAt", "leaveReason"))
  }
}

extension ParticipantRecord.Passage {
  init(_ row: Row) throws {
    let actor: String? = row["actor"]
    self.init(
      try row.value("event"), at: row.moment("at"),
      by: actor.flatMap(ParticipantID.init(rawValue:)))
  }
}

extension ConsentText {
  /// - Parameter rows: of one consultation, in order; those of one purpose stand together.
  static func texts(_ rows: [Row]) throws -> [ConsentText] {
    var texts: [(purpose: ConsentPurpose, version: String, wordings: [Wording])] = []
    for row in rows {
      let purpose: ConsentPurpose = try row.value("purpose")
      guard let wording = Wording(language: row["language"], text: row["content"]) else {
        throw UnreadableRow(description: "the columns language and content hold no wording")
      }
      if texts.last?.purpose == purpose {
        texts[texts.count - 1].wordings.append(wording)
      } else {
        texts.append((purpose, row["version"], [wording]))
      }
    }
    return try texts.map {
      guard let text = ConsentText($0.purpose, version: $0.version, wordings: $0.wordings) else {
        throw UnreadableRow(description: "the column version holds no version")
      }
      return text
    }
  }
}

extension ConsentRecord {
  init(_ row: Row) throws {
    let about: String? = row["about"]
    self.init(
      ConsentEntry(
        ConsentQuestion(
          try row.value("purpose"), of: try row.value("participant"),
          about: about.flatMap(ParticipantID.init(rawValue:))),
        try row.value("decision"), version: row["version"], language: row["language"]),
      at: row.moment("at"))
  }
}
