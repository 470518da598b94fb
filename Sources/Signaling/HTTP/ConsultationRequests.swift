internal import Consultation
internal import FoundationEssentials
internal import HTTPTypes

/// A JSON body of REST, read field by field so that a refusal names the field.
protocol RequestContent {
  init(_ fields: FieldReader) throws
}

enum RequestContentReader {
  /// An empty body counts as `{}`.
  static func read<Content: RequestContent>(
    _ call: HTTPCall, as type: Content.Type
  ) async throws(HTTPFailure) -> Content {
    let bytes = try await call.body(limit: ConsultationRoutes.bodyLimit)
    if let media = call.mediaType, media != "application/json", !bytes.isEmpty {
      throw HTTPFailure(
        .unsupportedMediaType, "unsupported-media-type",
        "the body of this request is JSON: send `Content-Type: application/json`")
    }
    do {
      let text = bytes.isEmpty ? Array("{}".utf8) : bytes
      return try JSONDecoder().decode(Decoded<Content>.self, from: Data(text)).content
    } catch let error as SignalingError {
      throw HTTPFailure(.badRequest, error.code.rawValue, error.message)
    } catch {
      throw HTTPFailure(.badRequest, "bad-json", "the body of this request is one JSON object")
    }
  }

  private struct Decoded<Content: RequestContent>: Decodable {
    let content: Content

    init(from decoder: any Decoder) throws {
      content = try Content(FieldReader(decoder))
    }
  }
}

struct CreateRequest: RequestContent {
  var id: ConsultationID?
  var kind: ConsultationKind
  var leastDelay: Bool
  var waitingRoom: Bool
  var consents: [ConsentText]
  var window: AppointmentWindow
  var unit: ConsultationRecord.Unit

  init(_ fields: FieldReader) throws {
    id = try fields.optionalText("id", limit: 64, "the id of the new consultation").map { text in
      guard let id = ConsultationID(rawValue: text) else {
        throw SignalingError(.badField, "field `id` is 1 to 64 of A-Z a-z 0-9 _ - .")
      }
      return id
    }
    kind =
      try fields.optionalText("kind", limit: 32, "the kind of act, as \"direct\"").map { text in
        guard let kind = ConsultationKind(rawValue: text) else {
          throw SignalingError(
            .badField,
            "field `kind` is one of "
              + ConsultationKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return kind
      } ?? .direct
    leastDelay =
      try fields.optionalBoolean(
        "leastDelay", "whether media should not wait for other media") ?? false
    waitingRoom =
      try fields.optionalBoolean(
        "waitingRoom", "whether everyone but a physician waits to be let in") ?? false
    consents = try Self.consents(fields)
    guard
      let window = AppointmentWindow(
        notBefore: try fields.instant("notBefore"), notAfter: try fields.instant("notAfter"))
    else { throw SignalingError(.badField, "field `notAfter` is after `notBefore`") }
    self.window = window
    guard kind.hasAppointment || window == .always else {
      throw SignalingError(
        .badField,
        "fields `notBefore` and `notAfter` are of an appointment: there is none in kind \(kind.rawValue)"
      )
    }
    for text in consents where !kind.asks(text.purpose) {
      throw SignalingError(
        .badField,
        "field `consents`: \(text.purpose.rawValue) is asked of a patient, who takes no part in kind "
          + kind.rawValue)
    }
    unit = ConsultationRecord.Unit(
      organisation: try Self.code("organisation", fields), service: try Self.code("service", fields)
    )
  }

  private static func code(_ name: String, _ fields: FieldReader) throws -> ConsultationID? {
    try fields.optionalText(name, limit: 64, "a code of the program that books").map { text in
      guard let code = ConsultationID(rawValue: text) else {
        throw SignalingError(.badField, "field `\(name)` is 1 to 64 of A-Z a-z 0-9 _ - .")
      }
      return code
    }
  }

  private static func consents(_ fields: FieldReader) throws -> [ConsentText] {
    let entries = try fields.optionalObjects(
      "consents", limit: ConsentPurpose.allCases.count,
      "what people are asked before media passes, as [{\"purpose\": \"act\"}]")
    var consents: [ConsentText] = []
    for entry in entries ?? [] {
      let text = try ConsentText(entry)
      guard !consents.contains(where: { $0.purpose == text.purpose }) else {
        throw SignalingError(
          .badField, "field `\(entry.path("purpose"))` repeats a purpose: each is asked once")
      }
      consents.append(text)
    }
    return consents
  }
}

struct InvitationRequest: RequestContent {
  var role: ParticipantRole
  var name: DisplayName?
  var notBefore: WallClock?
  var expires: WallClock?
  var singleUse: Bool

  init(_ fields: FieldReader) throws {
    let roleText = try fields.text("role", limit: 32, "who is invited, as \"patient\"")
    guard let role = ParticipantRole(rawValue: roleText) else {
      throw SignalingError(
        .badField,
        "field `role` is one of patient, physician, assistant, interpreter, relative, expert, observer"
      )
    }
    self.role = role
    name = try fields.optionalText("name", limit: 1024, "the name that the others see").map {
      guard let name = DisplayName(rawValue: $0) else {
        throw SignalingError(.badField, "field `name` is 1 to 64 visible characters")
      }
      return name
    }
    notBefore = try fields.instant("notBefore")
    expires = try fields.instant("expires")
    singleUse = try fields.optionalBoolean("singleUse", "true or false") ?? false
  }
}

extension FieldReader {
  fileprivate func instant(_ name: String) throws -> WallClock? {
    try optionalText(name, limit: 64, "a time of RFC 3339").map { text in
      guard let instant = WallClock(rfc3339: text) else {
        throw SignalingError(
          .badField, "field `\(name)` is a time of RFC 3339, as 2026-11-21T22:13:35Z")
      }
      return instant
    }
  }
}

extension ConsentText {
  fileprivate init(_ fields: FieldReader) throws {
    let purpose = try fields.consentPurpose()
    let version = try fields.optionalText("version", limit: 64, "the version of your own texts")
    let texts = try fields.optionalObjects(
      "texts", limit: ConsentText.maximumLanguages,
      "your own words, as [{\"language\": \"fr\", \"text\": \"…\"}]")
    guard version != nil || texts != nil else {
      self = .standard(purpose)
      return
    }
    let wordings = try (texts ?? []).map { fields in
      let language = try fields.text("language", limit: 16, "of the text, as \"fr\"")
      let words = try fields.text(
        "text", limit: ConsentText.maximumLength, "what is agreed to, in this language")
      guard let wording = Wording(language: language, text: words) else {
        throw SignalingError(
          .badField,
          "field `\(fields.path("text"))` is 1 to \(ConsentText.maximumLength) octets without control "
            + "characters, `language` 2 to 16 letters, digits and hyphens")
      }
      return wording
    }
    guard let version, let text = ConsentText(purpose, version: version, wordings: wordings) else {
      throw SignalingError(
        .badField,
        "field `\(fields.path("texts"))`: own words have a `version` of A-Z a-z 0-9 _ - . and one text "
          + "for each of 1 to \(ConsentText.maximumLanguages) languages")
    }
    self = text
  }
}
