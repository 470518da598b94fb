internal import HTTPTypes

/// A fixed table of routes. A path that is known answers 405 with `Allow` for other methods
/// (RFC 9110 section 15.5.6), and `OPTIONS` for all of them.
struct HTTPRouter: Sendable {
  typealias Handler = @Sendable (HTTPCall) async throws -> HTTPReply

  struct Route: Sendable {
    fileprivate enum Segment: Sendable {
      case fixed(String)
      case open
    }

    /// What one method does.
    struct Entry: Sendable {
      let method: HTTPRequest.Method
      let handler: Handler

      static func get(_ handler: @escaping Handler) -> Self { Self(method: .get, handler: handler) }
      static func post(_ handler: @escaping Handler) -> Self {
        Self(method: .post, handler: handler)
      }
      static func patch(_ handler: @escaping Handler) -> Self {
        Self(method: .patch, handler: handler)
      }
      static func delete(_ handler: @escaping Handler) -> Self {
        Self(method: .delete, handler: handler)
      }
    }

    fileprivate let pattern: [Segment]
    let handlers: [Entry]
    /// Whether pages of other origins may use it.
    let crossOrigin: Bool
    /// For `OPTIONS`, such as `Accept-Post`.
    let optionsHeaders: HTTPFields

    /// - Parameter pattern: as `/v1/consultations/*/end`.
    init(
      _ pattern: String, crossOrigin: Bool = false, optionsHeaders: HTTPFields = [:],
      _ handlers: [Entry]
    ) {
      self.pattern = pattern.split(separator: "/").map { $0 == "*" ? .open : .fixed(String($0)) }
      self.handlers = handlers
      self.crossOrigin = crossOrigin
      self.optionsHeaders = optionsHeaders
    }

    /// What the open segments are; `nil` when the path is another one.
    fileprivate func match(_ segments: [String]) -> [String]? {
      guard segments.count == pattern.count else { return nil }
      var parameters: [String] = []
      for (segment, expected) in zip(segments, pattern) {
        switch expected {
        case .fixed(let text): guard segment == text else { return nil }
        case .open: parameters.append(segment)
        }
      }
      return parameters
    }

    var allow: String {
      var methods = handlers.map(\.method.rawValue)
      if methods.contains("GET") { methods.append("HEAD") }
      methods.append("OPTIONS")
      return methods.joined(separator: ", ")
    }
  }

  let routes: [Route]

  func find(_ call: HTTPCall) -> (Route, parameters: [String])? {
    for route in routes {
      if let parameters = route.match(call.segments) { return (route, parameters) }
    }
    return nil
  }

  /// - Throws: what the handler throws, or 404 and 405 as `HTTPFailure`.
  func respond(to call: HTTPCall, _ route: Route, _ parameters: [String]) async throws -> HTTPReply
  {
    var call = call
    call.parameters = parameters
    if call.method == .options {
      var headers = route.optionsHeaders
      headers[.allow] = route.allow
      return HTTPReply(.noContent, headers: headers)
    }
    let method = call.method == .head ? .get : call.method
    guard let handler = route.handlers.first(where: { $0.method == method })?.handler else {
      throw HTTPFailure(
        .methodNotAllowed, "method-not-allowed", "this path takes \(route.allow)",
        headers: [.allow: route.allow])
    }
    return try await handler(call)
  }
}
