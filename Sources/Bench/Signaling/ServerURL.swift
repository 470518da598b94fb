/// Where a server is: `http://host:port/path`, or the same with `https`, `ws` or `wss`.
struct ServerURL: Hashable, Sendable, CustomStringConvertible {
  var isSecure: Bool
  var host: String
  var port: Int
  /// With the query, beginning with "/".
  var target: String

  init?(_ text: String) {
    guard let mark = text.firstRange(of: "://") else { return nil }
    switch text[..<mark.lowerBound].lowercased() {
    case "http", "ws": isSecure = false
    case "https", "wss": isSecure = true
    default: return nil
    }
    let rest = text[mark.upperBound...]
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let authority = rest[..<slash]
    let path = String(rest[slash...])
    target = path.isEmpty || path.hasPrefix("?") ? "/" + path : path
    var name = authority
    var number: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      name = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      if after.hasPrefix(":") { number = after.dropFirst() }
    } else if let colon = authority.lastIndex(of: ":") {
      name = authority[..<colon]
      number = authority[authority.index(after: colon)...]
    }
    guard !name.isEmpty else { return nil }
    host = String(name)
    if let number {
      guard let value = Int(number), (1...65_535).contains(value) else { return nil }
      port = value
    } else {
      port = isSecure ? 443 : 80
    }
  }

  /// Another place on the same server: an absolute URL, or a path.
  func resolving(_ reference: String) -> ServerURL? {
    if reference.contains("://") { return ServerURL(reference) }
    var other = self
    if reference.hasPrefix("/") {
      other.target = reference
    } else {
      let folder = target.lastIndex(of: "/").map { target[...$0] } ?? "/"
      other.target = folder + reference
    }
    return other
  }

  func with(target: String) -> ServerURL {
    var other = self
    other.target = target
    return other
  }

  /// What `Host` says.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  var description: String { "http\(isSecure ? "s" : "")://\(authority)\(target)" }
}
