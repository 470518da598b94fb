internal import HTTPTypes
internal import WebClient

/// The pages and files of the web client, and the description of the REST interface.
struct PageRoutes: Sendable {
  static let description = "/v1/openapi.yaml"

  /// The file of a path; `nil` when it is not one of the client's.
  func asset(_ path: String) -> Asset? {
    path == Self.description
      ? WebClient.asset(path: "/client/openapi.yaml") : WebClient.asset(path: path)
  }

  func respond(to call: HTTPCall, _ asset: Asset) throws(HTTPFailure) -> HTTPReply {
    switch call.method {
    case .get, .head: break
    case .options: return HTTPReply(.noContent, headers: [.allow: "GET, HEAD, OPTIONS"])
    default:
      throw HTTPFailure(
        .methodNotAllowed, "method-not-allowed", "this path takes GET, HEAD, OPTIONS",
        headers: [.allow: "GET, HEAD, OPTIONS"])
    }
    var headers: HTTPFields = [
      // The browser asks each time whether its copy is still the one: the answer is a 304.
      .eTag: asset.etag, .cacheControl: "no-cache",
    ]
    // Also with a 304: its fields replace those that the browser kept (RFC 9111 section 3.2).
    if asset.contentType.hasPrefix("text/html") {
      headers[.contentSecurityPolicy] = WebClient.contentSecurityPolicy
      headers[.permissionsPolicy] = WebClient.permissionsPolicy
      headers[.openerPolicy] = "same-origin"
    }
    if matches(call.headers[.ifNoneMatch], asset.etag) {
      return HTTPReply(.notModified, headers: headers)
    }
    headers[.contentType] =
      call.path == Self.description ? "application/yaml; charset=utf-8" : asset.contentType
    var reply = HTTPReply(.ok, headers: headers)
    reply.body = asset.bytes
    return reply
  }

  private func matches(_ condition: String?, _ etag: String) -> Bool {
    guard let condition else { return false }
    return condition.split(separator: ",").contains { item in
      let tag = item.trimmingSpaces
      return tag == "*" || tag == etag || tag == "W/" + etag
    }
  }
}
