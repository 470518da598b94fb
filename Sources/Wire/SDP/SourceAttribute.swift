/// `a=ssrc` (RFC 5576 section 4.1): one attribute of one source.
public struct SourceAttribute: Hashable, Sendable {
  public var ssrc: SSRC
  /// `cname`, `msid`, ...
  public var name: String
  public var value: String?

  public init(ssrc: SSRC, name: String, value: String?) {
    self.ssrc = ssrc
    self.name = name
    self.value = value
  }

  init?(value text: Substring) {
    var scanner = SDPScanner(text)
    guard let ssrc: UInt32 = scanner.numberField() else { return nil }
    self.ssrc = SSRC(ssrc)
    scanner.skipSpaces()
    let rest = scanner.remainder.utf8
    let colon = rest.firstIndex(of: UInt8(ascii: ":"))
    name = String(Substring(rest[..<(colon ?? rest.endIndex)]))
    value = colon.map { String(Substring(rest[$0...].dropFirst())) }
    guard !name.isEmpty else { return nil }
  }

  var text: String { "\(ssrc.rawValue) \(name)" + (value.map { ":\($0)" } ?? "") }
}

/// `a=ssrc-group` (RFC 5576 section 4.2).
public struct SourceGroup: Hashable, Sendable {
  /// `FID` (a source and its retransmissions, RFC 4588), `FEC-FR`, `SIM`.
  public var semantics: String
  public var sources: [SSRC]

  public init(semantics: String, sources: [SSRC]) {
    self.semantics = semantics
    self.sources = sources
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let semantics = scanner.field(), semantics.isSDPToken else { return nil }
    self.semantics = String(semantics)
    sources = []
    while true {
      scanner.skipSpaces()
      if scanner.isAtEnd { break }
      guard let ssrc: UInt32 = scanner.numberField() else { return nil }
      sources.append(SSRC(ssrc))
    }
  }

  var value: String {
    ([semantics] + sources.map { "\($0.rawValue)" }).joined(separator: " ")
  }
}
