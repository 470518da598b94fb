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
  }

  public func acts(
    from: WallClock, to: WallClock
  ) async throws(RecordStoreError) -> [ConsultationID] {
    try await read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT id FROM consultation WHERE countsAsAct AND createdAt >= ? AND createdAt < ?
          ORDER BY createdAt, number
          """,
        arguments: [from.milliseconds, to.milliseconds]
      ).compactMap(ConsultationID.init(rawValue:))
    }
  }

  public func indicators(
    from: WallClock, to: WallClock, at now: WallClock
  ) async throws(RecordStoreError) -> [Indicators] {
    let ids = try await acts(from: from, to: to)
    var all = Indicators(kind: nil)
    var byKind: [ConsultationKind: Indicators] = [:]
    for id in ids {
      guard let record = try await consultation(id) else { continue }
      var one = byKind[record.kind] ?? Indicators(kind: record.kind)
      let participants = try await participants(of: id)
      let kept = try await quality(of: id)
      let scores = try await satisfactions(of: id).map { Double($0.score) }
      for kind in 0..<2 {
        var sum = kind == 0 ? all : one
        sum.count(record, participants, at: now)
        Self.count(kept, into: &sum)
        sum.satisfaction += scores
        if kind == 0 { all = sum } else { one = sum }
      }
      byKind[record.kind] = one
    }
    return [all] + byKind.values.sorted { ($0.kind?.rawValue ?? "") < ($1.kind?.rawValue ?? "") }
  }

  private static func count(_ kept: [QualityRecord], into sum: inout Indicators) {
    for record in kept {
      guard
        let quality = try? JSONDecoder().decode(KeptQuality.self, from: Data(record.content.utf8))
      else { continue }
      sum.reconnects += (quality.quality.participants ?? []).compactMap(\.reconnects).reduce(0, +)
      for score in (quality.quality.directions ?? []).compactMap(\.sound) {
        guard let mean = score.mean else { continue }
        sum.sound.append(mean)
        if let unusable = score.unusableShare { sum.unusable.append(unusable) }
      }
    }
  }
}
