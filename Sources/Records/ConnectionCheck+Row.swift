internal import Consultation
internal import GRDB

extension ConnectionCheck {
  /// With the presence of who waits.
  func keep(
    of participant: ParticipantID, in consultation: Int64, at now: WallClock, _ db: Database
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO connectionCheck (presence, at, camera, microphone, tried, reached,
          upRate, upLoss, downRate, downLoss, roundTrip, sound, seconds)
        SELECT number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM presence
        WHERE consultation = ? AND participant = ? AND leftAt IS NULL
        """,
      arguments: [
        now.milliseconds, camera.rawValue, microphone.rawValue, Self.text(tried),
        Self.text(reached), figures?.up.rate, figures?.up.loss, figures?.down.rate,
        figures?.down.loss, figures?.roundTrip, figures?.sound, figures?.seconds, consultation,
        participant.rawValue,
      ])
  }

  init(_ row: Row) throws {
    var figures: Figures?
    if let upRate: Int = row["upRate"], let downRate: Int = row["downRate"] {
      figures = Figures(
        up: Way(rate: upRate, loss: row["upLoss"]),
        down: Way(rate: downRate, loss: row["downLoss"]), roundTrip: row["roundTrip"],
        sound: row["sound"], seconds: row["seconds"])
    }
    self.init(
      camera: try row.value("camera"), microphone: try row.value("microphone"),
      tried: Self.routes(row["tried"]), reached: Self.routes(row["reached"]), figures: figures)
  }

  private static func text(_ routes: Set<Route>) -> String {
    Route.allCases.filter(routes.contains).map(\.rawValue).joined(separator: " ")
  }

  private static func routes(_ text: String) -> Set<Route> {
    Set(text.split(separator: " ").compactMap { Route(rawValue: String($0)) })
  }
}

extension ParticipantRecord.CheckRecord {
  init(_ row: Row) throws {
    self.init(try ConnectionCheck(row), at: row.moment("at"))
  }
}
