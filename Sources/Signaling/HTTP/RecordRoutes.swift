internal import Consultation
internal import HTTPTypes

/// What is kept of consultations, in the forms of other programs. Each reading is an entry of the
/// audit log, written before the answer is.
struct RecordRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/consultations/*/fhir", crossOrigin: true, [.get(fhir)]),
      .init("/v1/export", crossOrigin: true, [.get(export)]),
    ]
  }

  private func fhir(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(services.mayRead(token), token)
    let bundle: [UInt8]?
    do throws(RecordStoreError) {
      bundle = try await services.environment.store.fhir(
        id, services.environment.configuration.act, at: services.environment.clock.wall())
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    guard let bundle else {
      throw HTTPFailure(.notFound, "not-found", "there is no consultation of this id")
    }
    try await services.noteReading(call, token, id, "fhir")
    return HTTPReply(
      .ok, text: String(decoding: bundle, as: UTF8.self), type: "application/fhir+json")
  }

  // MARK: Export

  /// One line of the export: a presence of somebody.
  fileprivate struct Line: Encodable {
    var consultation: String
    var kind: String
    var createdAt: String
    var endedAt: String?
    var endReason: String?
    var participant: String
    var role: String
    var joinedAt: String
    var leftAt: String?
    var reason: String?
    var erasedAt: String?

    static let names = [
      "consultation", "kind", "createdAt", "endedAt", "endReason", "participant", "role",
      "joinedAt", "leftAt", "reason", "erasedAt",
    ]

    /// No value has a comma, a quote or a line's end: ids, words and times.
    var csv: String {
      [
        consultation, kind, createdAt, endedAt ?? "", endReason ?? "", participant, role, joinedAt,
        leftAt ?? "", reason ?? "", erasedAt ?? "",
      ].joined(separator: ",")
    }
  }

  private func export(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(
      token.role.allows(.readConsultation) && token.consultation == nil, token)
    let span = try RecordSpan(call, services)
    let isCSV: Bool
    switch call.query["format"] ?? "csv" {
    case "csv": isCSV = true
    case "ndjson": isCSV = false
    default:
      throw HTTPFailure(.badRequest, "bad-field", "the parameter `format` is csv or ndjson")
    }
    var lines: [Line] = []
    do throws(RecordStoreError) {
      let store = services.environment.store
      for id in try await store.acts(from: span.from, to: span.to) {
        guard let record = try await store.consultation(id) else { continue }
        for one in try await store.participants(of: id) { lines.append(Line(record, one)) }
      }
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, nil, "export")
    guard isCSV else {
      let text = lines.map { String(decoding: HTTPReply(.ok, json: $0).body, as: UTF8.self) + "\n" }
      return HTTPReply(.ok, text: text.joined(), type: "application/x-ndjson")
    }
    // RFC 4180.
    let text = ([Line.names.joined(separator: ",")] + lines.map(\.csv)).map { $0 + "\r\n" }
    return HTTPReply(.ok, text: text.joined(), type: "text/csv; charset=utf-8; header=present")
  }
}

extension RecordRoutes.Line {
  fileprivate init(_ record: ConsultationRecord, _ one: ParticipantRecord) {
    self.init(
      consultation: record.id.rawValue, kind: record.kind.rawValue,
      createdAt: record.createdAt.description, endedAt: record.end?.at.description,
      endReason: record.end?.reason.rawValue, participant: one.id.rawValue,
      role: one.role.rawValue, joinedAt: one.joinedAt.description,
      leftAt: one.end?.at.description, reason: one.end?.reason.rawValue,
      erasedAt: record.erasedAt?.description)
  }
}

/// `from` and `to` of a request: the last thirty days when nothing is said, a year at most.
struct RecordSpan {
  static let longest: Int64 = 366 * 86_400

  let from: WallClock
  let to: WallClock

  init(_ call: HTTPCall, _ services: HTTPServices) throws(HTTPFailure) {
    func instant(_ name: String) throws(HTTPFailure) -> WallClock? {
      guard let text = call.query[name] else { return nil }
      guard let instant = WallClock(rfc3339: text) else {
        throw HTTPFailure(
          .badRequest, "bad-field",
          "the parameter `\(name)` is a time of RFC 3339, as 2026-11-21T22:13:35Z")
      }
      return instant
    }
    to = try instant("to") ?? services.environment.clock.wall()
    from = try instant("from") ?? to.advanced(bySeconds: -30 * 86_400)
    guard from < to, to <= from.advanced(bySeconds: Self.longest) else {
      throw HTTPFailure(
        .badRequest, "bad-field", "the parameter `from` is before `to`, by a year at most")
    }
  }
}
