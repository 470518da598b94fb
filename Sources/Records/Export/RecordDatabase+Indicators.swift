public import Consultation
internal import Foundation
internal import GRDB

extension RecordDatabase {
  /// What is read of the kept quality (Docs/Protocol.md).
  private struct KeptQuality: Decodable {
    struct Quality: Decodable {
      var participants: [Person]?
      var directions: [Direction]?
    }
    struct Person: Decodable { var reconnects: Int? }
    struct Direction: Decodable { var sound: Score? }
    struct Score: Decodable {
      var mean: Double?
      var unusableShare: Double?
    }
    var quality: Quality
    var setups: [Double]?
  }

  /// In five queries, however many consultations there are.
  public func indicators(
    from: WallClock, to: WallClock, by grouping: Indicators.Grouping, _ rule: ActRule,
    at now: WallClock
  ) async throws(RecordStoreError) -> [Indicators] {
    let span: StatementArguments = ["from": from.milliseconds, "to": to.milliseconds]
    let chosen = """
      consultation WHERE countsAsAct AND createdAt >= :from AND createdAt < :to
      """
    return try await read { db in
      let people = try Self.presences(chosen, span, db)
      var all = Indicators(group: nil)
      var groups: [String: Indicators] = [:]
      var names: [Int64: String] = [:]
      func count(_ name: String, _ body: (inout Indicators) -> Void) {
        body(&all)
        body(&groups[name, default: Indicators(group: name)])
      }
      let acts = try Row.fetchCursor(
        db,
        sql: """
          SELECT number, kind, \(grouping.rawValue) AS name,
            (SELECT total(media) FROM mediaTime WHERE consultation = number) AS media,
            (SELECT total(video) FROM mediaTime WHERE consultation = number) AS video
          FROM \(chosen)
          """,
        arguments: span)
      while let row = try acts.next() {
        let number: Int64 = row["number"]
        let name: String = row["name"] ?? ""
        names[number] = name
        let time = MediaTime(row)
        let kind: ConsultationKind = try row.value("kind")
        count(name) { $0.count(people[number] ?? [], of: kind, time, rule, at: now) }
      }
      let kept = try Row.fetchCursor(
        db,
        sql: """
          SELECT consultation, content FROM quality
          WHERE consultation IN (SELECT number FROM \(chosen))
          """,
        arguments: span)
      let decoder = JSONDecoder()
      while let row = try kept.next() {
        let content: String = row["content"]
        guard let name = names[row["consultation"]],
          let quality = try? decoder.decode(KeptQuality.self, from: Data(content.utf8))
        else { continue }
        count(name) { Self.count(quality, into: &$0) }
      }
      let scores = try Row.fetchCursor(
        db,
        sql: """
          SELECT consultation, score FROM satisfaction
          WHERE consultation IN (SELECT number FROM \(chosen))
          """,
        arguments: span)
      while let row = try scores.next() {
        guard let name = names[row["consultation"]] else { continue }
        let score: Double = row["score"]
        count(name) { $0.satisfaction.append(score) }
      }
      return [all] + groups.values.sorted { ($0.group ?? "") < ($1.group ?? "") }
    }
  }

  /// Who was there, by the number of the consultation; without names.
  private static func presences(
    _ chosen: String, _ span: StatementArguments, _ db: Database
  ) throws -> [Int64: [ParticipantRecord]] {
    var passages: [Int64: [ParticipantRecord.Passage]] = [:]
    let doors = try Row.fetchCursor(
      db,
      sql: """
        SELECT passage.* FROM passage JOIN presence ON presence.number = passage.presence
        WHERE presence.consultation IN (SELECT number FROM \(chosen)) ORDER BY passage.number
        """,
      arguments: span)
    while let row = try doors.next() {
      try passages[row["presence"], default: []].append(ParticipantRecord.Passage(row))
    }
    var people: [Int64: [ParticipantRecord]] = [:]
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT * FROM presence WHERE consultation IN (SELECT number FROM \(chosen))
        ORDER BY number
        """,
      arguments: span)
    while let row = try rows.next() {
      try people[row["consultation"], default: []].append(
        ParticipantRecord(
          row, PersonalData(name: nil, professional: nil),
          passages: passages[row["number"]] ?? [], checks: []))
    }
    return people
  }

  private static func count(_ kept: KeptQuality, into sum: inout Indicators) {
    sum.setups += kept.setups ?? []
    for person in kept.quality.participants ?? [] {
      guard let reconnects = person.reconnects else { continue }
      sum.connected += 1
      if reconnects > 0 { sum.reconnected += 1 }
    }
    for score in (kept.quality.directions ?? []).compactMap(\.sound) {
      guard let mean = score.mean else { continue }
      sum.sound.append(mean)
      if let unusable = score.unusableShare { sum.unusable.append(unusable) }
    }
  }
}
