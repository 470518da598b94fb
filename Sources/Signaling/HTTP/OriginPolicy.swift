internal import HTTPTypes

/// Which web origins may do what (RFC 6454, Fetch).
struct OriginPolicy: Sendable {
  /// `http.allowedOrigins`, in lower case.
  private let allowed: Set<String>
  /// The origin of `http.publicURL`.
  private let publicOrigin: String?

  init(_ configuration: SignalingConfiguration) {
    allowed = Set(configuration.allowedOrigins.map { $0.lowercased() })
    publicOrigin = configuration.publicURL.flatMap(Self.origin)
  }

  /// A WebSocket carries no CORS check of the browser, so that the server makes it: our own
  /// origin, the allowed ones, and programs that are no browsers.
  func allowsWebSocket(origin: String?, authority: String?) -> Bool {
    guard let origin else { return true }
    return isOwn(origin, authority) || allows(origin)
  }

  /// The CORS headers for what other origins may use: scripts, and routes that take a bearer token
  /// and nothing that a browser adds by itself. Without a list of origins any page may.
  ///
  /// - Parameter allow: the methods, for `OPTIONS`.
  func headers(for call: HTTPCall, allow: String) -> HTTPFields {
    var headers: HTTPFields = [.vary: "Origin"]
    guard let origin = call.headers[.origin] else { return headers }
    if allowed.isEmpty || allowed.contains("*") {
      headers[.accessControlAllowOrigin] = "*"
    } else if allows(origin) || isOwn(origin, call.authority) {
      headers[.accessControlAllowOrigin] = origin
    } else {
      return headers
    }
    headers[.accessControlExposeHeaders] =
      "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, Upload-Offset, Upload-Length"
    if call.method == .options {
      headers[.accessControlAllowMethods] = allow
      headers[.accessControlAllowHeaders] =
        "Authorization, Content-Type, If-Match, Accept, Upload-Offset"
      headers[.accessControlMaxAge] = "86400"
    }
    return headers
  }

  private func allows(_ origin: String) -> Bool {
    allowed.contains("*") || allowed.contains(origin.lowercased())
  }

  /// A proxy may have changed scheme and port between itself and us, so that the host decides;
  /// `publicURL` says it exactly.
  private func isOwn(_ origin: String, _ authority: String?) -> Bool {
    let origin = origin.lowercased()
    if let publicOrigin, origin == publicOrigin { return true }
    guard let authority = authority?.lowercased() else { return false }
    return origin == "http://" + authority || origin == "https://" + authority
  }

  /// `https://host:port` of an URL.
  private static func origin(_ url: String) -> String? {
    let parts = url.lowercased().split(
      separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty else {
      return nil
    }
    return "\(parts[0])//\(parts[2])"
  }
}
