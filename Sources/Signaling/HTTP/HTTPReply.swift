internal import FoundationEssentials
internal import HTTPTypes

/// What a handler answers.
struct HTTPReply: Sendable {
  var status: HTTPResponse.Status
  var headers: HTTPFields = [:]
  var body: [UInt8] = []
  /// Sent after `body` as it comes; the length is not told.
  var stream: AsyncStream<[UInt8]>?
  /// The same, each part when the one before was sent; `nil` ends it, an error breaks the connection off.
  var parts: (@Sendable () async throws -> [UInt8]?)?

  init(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) {
    self.status = status
    self.headers = headers
  }

  init(
    _ status: HTTPResponse.Status, text: String, type: String = "text/plain; charset=utf-8",
    headers: HTTPFields = [:]
  ) {
    self.status = status
    self.headers = headers
    self.headers[.contentType] = type
    body = Array(text.utf8)
  }

  init(_ status: HTTPResponse.Status, json: some Encodable, headers: HTTPFields = [:]) {
    self.status = status
    self.headers = headers
    self.headers[.contentType] = "application/json"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    body = (try? encoder.encode(json)).map { Array($0) } ?? Array("{}".utf8)
  }
}

/// Why a request was refused: `{"error": {"code", "message"}}` with a status.
struct HTTPFailure: Error, Sendable {
  var status: HTTPResponse.Status
  var code: String
  /// A sentence that says what would be right.
  var message: String
  var headers: HTTPFields = [:]

  init(
    _ status: HTTPResponse.Status, _ code: String, _ message: String, headers: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.headers = headers
  }

  var reply: HTTPReply {
    HTTPReply(status, json: ["error": ["code": code, "message": message]], headers: headers)
  }

  static func tooLarge(_ limit: Int) -> Self {
    // What follows the body cannot be told from it any more.
    Self(
      .contentTooLarge, "too-large", "the body of this request is at most \(limit) octets",
      headers: [.connection: "close"])
  }

  init(_ refusal: TokenRefusal) {
    if refusal.isForbidden {
      self.init(.forbidden, "forbidden", refusal.sentence)
    } else {
      // RFC 6750 section 3.
      let challenge =
        refusal == .missing
        ? "Bearer realm=\"visavis\"" : "Bearer realm=\"visavis\", error=\"invalid_token\""
      self.init(
        .unauthorized, "unauthorized", refusal.sentence, headers: [.wwwAuthenticate: challenge])
    }
  }

  init(_ refusal: JoinRefusal) {
    if let token = refusal.token {
      self.init(token)
    } else {
      self.init(refusal.error, isOver: refusal.close == .over)
    }
  }

  init(_ error: SignalingError, isOver: Bool = false) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .badJSON, .badField, .badSDP, .unknownType: .badRequest
      case .tooLarge: .contentTooLarge
      case .unauthorized, .resumeExpired: .unauthorized
      case .forbidden: .forbidden
      case .notFound: .notFound
      case .wrongState: isOver ? .gone : .conflict
      case .tooEarly, .tooLate, .encrypted: .conflict
      case .full, .busy: .serviceUnavailable
      case .rateLimited: .tooManyRequests
      case .internal: .internalServerError
      }
    self.init(status, error.code.rawValue, error.message)
    if status == .serviceUnavailable || status == .tooManyRequests {
      headers[.retryAfter] = String(error.retryAfter ?? 5)
    }
  }
}
