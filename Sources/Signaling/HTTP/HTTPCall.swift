internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Wire

/// A request as the handlers see it.
struct HTTPCall: Sendable {
  var method: HTTPRequest.Method
  /// Without the query, as it was sent.
  var path: String
  /// The path between its slashes, percent-decoded.
  var segments: [String]
  var query: [String: String]
  var headers: HTTPFields
  /// `Host`.
  var authority: String?
  var isTLS: Bool
  /// `nil` when the socket is gone already.
  var client: IPAddress?
  /// What the route has left open, in the order of the path.
  var parameters: [String] = []
  private let content: RequestBody?

  init(
    method: HTTPRequest.Method, target: String, headers: HTTPFields, authority: String?,
    isTLS: Bool, client: IPAddress?, content: RequestBody?
  ) {
    self.method = method
    self.headers = headers
    self.authority = authority
    self.isTLS = isTLS
    self.client = client
    self.content = content
    let parts = target.prefix(4096).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = parts.first.map(String.init) ?? "/"
    segments = path.split(separator: "/", omittingEmptySubsequences: true)
      .map { Self.percentDecoded($0) ?? String($0) }
    query = [:]
    if parts.count == 2 {
      for item in parts[1].split(separator: "&").prefix(32) {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Self.percentDecoded(pair[0]), query[name] == nil else { continue }
        query[name] = pair.count == 2 ? Self.percentDecoded(pair[1]) ?? "" : ""
      }
    }
  }

  /// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
  var bearerToken: String? {
    guard let value = headers[.authorization] else { return nil }
    let parts = value.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return String(parts[1])
  }

  /// The media type of `Content-Type`, without parameters, in lower case.
  var mediaType: String? {
    headers[.contentType]?.split(separator: ";").first.map {
      $0.trimmingSpaces.lowercased()
    }
  }

  /// Whether `Accept` allows a media type (RFC 9110 section 12.5.1), as `application/sdp`.
  func accepts(_ type: String) -> Bool {
    guard let accept = headers[.accept] else { return true }
    let family = type.split(separator: "/")[0] + "/*"
    return accept.split(separator: ",").contains { range in
      let parts = range.split(separator: ";").map { $0.trimmingSpaces.lowercased() }
      guard let name = parts.first, !parts.contains("q=0") else { return false }
      return name == type || name == "*/*" || name == family
    }
  }

  /// The body, at most `limit` octets and within the time that is allowed for it.
  func body(limit: Int) async throws(HTTPFailure) -> [UInt8] {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw .tooLarge(limit)
    }
    guard let content else { return [] }
    let collected: ByteBuffer?
    do {
      collected = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
        group.addTask { try await content.collect(upTo: limit) }
        group.addTask {
          try await Task.sleep(for: .seconds(20))
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
    } catch is NIOTooManyBytesError {
      throw .tooLarge(limit)
    } catch {
      throw HTTPFailure(.badRequest, "bad-request", "the body of the request broke off")
    }
    guard let collected else {
      throw HTTPFailure(
        .requestTimeout, "timeout", "the body of the request did not arrive in time")
    }
    return Array(collected.readableBytesView)
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = iterator.next().flatMap(Self.digit),
        let low = iterator.next().flatMap(Self.digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " || text.first == "\t" { text = text.dropFirst() }
    while text.last == " " || text.last == "\t" { text = text.dropLast() }
    return String(text)
  }
}
