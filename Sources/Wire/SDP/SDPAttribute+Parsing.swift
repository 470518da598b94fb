extension SDPAttribute {
  /// What would have been right, when a known attribute has a wrong value.
  struct Malformed: Error {
    var expected: String
  }

  /// Parses what follows `a=`.
  ///
  /// An attribute that decides something here must be right; a malformed one of those that only
  /// inform (candidates, `rid`, `simulcast`, `fmtp` of another kind of format) is kept as text, so
  /// that an unusual client is not turned away for it.
  init(line: Substring) throws(Malformed) {
    var scanner = SDPScanner(line)
    guard let name = scanner.field(until: ":") else {
      throw Malformed(expected: "a=<attribute>[:<value>]")
    }
    let value = line.utf8.count > name.utf8.count ? scanner.remainder : nil
    if let value {
      self = try Self.property(name, value)
    } else {
      self = try Self.flag(name)
    }
  }

  private static func flag(_ name: Substring) throws(Malformed) -> SDPAttribute {
    switch name {
    case "ice-lite": .iceLite
    case "end-of-candidates": .endOfCandidates
    case "bundle-only": .bundleOnly
    case "rtcp-mux": .rtcpMux
    case "rtcp-rsize": .rtcpReducedSize
    case "sendrecv": .direction(.sendrecv)
    case "sendonly": .direction(.sendonly)
    case "recvonly": .direction(.recvonly)
    case "inactive": .direction(.inactive)
    default:
      if let expected = Self.grammar[String(name)] {
        throw Malformed(expected: expected)
      } else {
        .other(name: String(name), value: nil)
      }
    }
  }

  private static func property(
    _ name: Substring, _ value: Substring
  ) throws(Malformed) -> SDPAttribute {
    let parsed: SDPAttribute? =
      switch name {
      case "group": SectionGroup(value: value).map { .group($0) }
      case "ice-options": .iceOptions(value.split(separator: " ").map(String.init))
      case "ice-ufrag": word(value).map { .iceUsernameFragment($0) }
      case "ice-pwd": word(value).map { .icePassword($0) }
      case "fingerprint": value.isEmpty ? nil : .fingerprint(String(value))
      case "setup": SetupRole(rawValue: String(value)).map { .setup($0) }
      case "mid": value.isSDPToken ? .mid(String(value)) : nil
      case "msid": MediaStreamLabel(value: value).map { .streamLabel($0) }
      case "rtpmap": RTPMap(value: value).map { .rtpMap($0) }
      case "rtcp-fb": FeedbackAttribute(value: value).map { .feedback($0) }
      case "extmap": ExtensionMapEntry(value: value).map { .extensionMap($0) }
      case "ssrc": SourceAttribute(value: value).map { .source($0) }
      case "ssrc-group": SourceGroup(value: value).map { .sourceGroup($0) }
      // These only inform.
      case "candidate":
        ICECandidate(value: value).map { .candidate($0) } ?? text(name, value)
      case "fmtp":
        FormatParameters(value: value).map { .formatParameters($0) } ?? text(name, value)
      case "rid":
        RestrictionIdentifier(value: value).map { .restriction($0) } ?? text(name, value)
      case "simulcast":
        SimulcastDescription(value: value).map { .simulcast($0) } ?? text(name, value)
      default: text(name, value)
      }
    guard let parsed else {
      throw Malformed(expected: grammar[String(name)] ?? "another value")
    }
    return parsed
  }

  private static func text(_ name: Substring, _ value: Substring) -> SDPAttribute {
    .other(name: String(name), value: String(value))
  }

  private static func word(_ value: Substring) -> String? {
    var value = value.utf8
    while value.last == UInt8(ascii: " ") { value.removeLast() }
    guard !value.isEmpty, !value.contains(UInt8(ascii: " ")) else { return nil }
    return String(Substring(value))
  }

  private static let grammar: [String: String] = [
    "group": "a=group:BUNDLE <mid> <mid> ...",
    "ice-options": "a=ice-options:<option> ...",
    "ice-ufrag": "a=ice-ufrag:<4 to 256 letters, digits, + or />",
    "ice-pwd": "a=ice-pwd:<22 to 256 letters, digits, + or />",
    "fingerprint": "a=fingerprint:sha-256 <32 octets as AA:BB:...>",
    "setup": "a=setup:actpass, active or passive",
    "mid": "a=mid:<token>",
    "msid": "a=msid:<stream> <track>",
    "rtpmap": "a=rtpmap:<payload type 0 to 127> <encoding>/<clock rate>[/<channels>]",
    "rtcp-fb": "a=rtcp-fb:<payload type or *> <feedback>",
    "extmap": "a=extmap:<id>[/<direction>] <URI>",
    "ssrc": "a=ssrc:<number> <attribute>[:<value>]",
    "ssrc-group": "a=ssrc-group:<semantics> <ssrc> <ssrc> ...",
  ]
}
