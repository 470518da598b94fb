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

  init(_ fields: FieldReader) throws {
    id = try fields.optionalText("id", limit: 64, "the id of the new consultation").map { text in
      guard let id = ConsultationID(rawValue: text) else {
        throw SignalingError(.badField, "field `id` is 1 to 64 of A-Z a-z 0-9 _ - .")
      }
      return id
    }
    kind =
      try fields.optionalText("kind", limit: 32, "\"direct\"").map { text in
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
        "field `role` is one of patient, physician, interpreter, relative, expert, observer")
    }
    self.role = role
    name = try fields.optionalText("name", limit: 1024, "the name that the others see").map {
      guard let name = DisplayName(rawValue: $0) else {
        throw SignalingError(.badField, "field `name` is 1 to 64 visible characters")
      }
      return name
    }
    notBefore = try Self.instant(fields, "notBefore")
    expires = try Self.instant(fields, "expires")
    singleUse = try fields.optionalBoolean("singleUse", "true or false") ?? false
  }

  private static func instant(_ fields: FieldReader, _ name: String) throws -> WallClock? {
    try fields.optionalText(name, limit: 64, "a time of RFC 3339").map { text in
      guard let instant = WallClock(rfc3339: text) else {
        throw SignalingError(
          .badField, "field `\(name)` is a time of RFC 3339, as 2026-11-21T22:13:35Z")
      }
      return instant
    }
  }
}
