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
    try await services.noteReading(call, token, nil, "export")
    let export = RecordExport(span, isCSV: isCSV, of: services.environment.store)
    var reply = HTTPReply(.ok)
    reply.headers[.contentType] =
      isCSV ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson"
    reply.parts = { try await export.next() }
    return reply
  }
}

/// An export, a page after the other: it is never whole in memory.
private actor RecordExport {
  static let page = 1000

  private let span: RecordSpan
  private let isCSV: Bool
  private let store: any ConsultationRecordStore
  private var place: ExportedPresence.Place?
  private var hasBegun = false
  private var isOver = false

  init(_ span: RecordSpan, isCSV: Bool, of store: any ConsultationRecordStore) {
    self.span = span
    self.isCSV = isCSV
    self.store = store
  }

  /// `nil` when there is no more.
  func next() async throws(RecordStoreError) -> [UInt8]? {
    guard !isOver else { return nil }
    let found = try await store.presences(
      from: span.from, to: span.to, after: place, atMost: Self.page)
    place = found.last?.place ?? place
    isOver = found.count < Self.page
    // RFC 4180.
    var text = isCSV && !hasBegun ? RecordRoutes.Line.names.joined(separator: ",") + "\r\n" : ""
    hasBegun = true
    for line in found.map(RecordRoutes.Line.init) {
      text += isCSV ? line.csv + "\r\n" : line.json + "\n"
    }
    return text.isEmpty ? nil : Array(text.utf8)
  }
}

extension RecordRoutes.Line {
  fileprivate init(_ one: ExportedPresence) {
    self.init(
      consultation: one.consultation.rawValue, kind: one.kind.rawValue,
      createdAt: one.place.createdAt.description, endedAt: one.end?.at.description,
      endReason: one.end?.reason.rawValue, participant: one.participant.rawValue,
      role: one.role.rawValue, joinedAt: one.joinedAt.description,
      leftAt: one.left?.at.description, reason: one.left?.reason.rawValue,
      erasedAt: one.erasedAt?.description)
  }

  fileprivate var json: String { String(decoding: HTTPReply(.ok, json: self).body, as: UTF8.self) }
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
