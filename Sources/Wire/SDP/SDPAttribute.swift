/// An `a=` line: typed where we know the attribute, as text where we do not. The order of
/// attributes means nothing (RFC 8866 section 5.13) but is kept.
public enum SDPAttribute: Hashable, Sendable {
  // Session and transport.
  case group(SectionGroup)
  case iceLite
  case iceOptions([String])
  case iceUsernameFragment(String)
  case icePassword(String)
  case candidate(ICECandidate)
  case endOfCandidates
  /// `sha-256 AA:BB:...`
  case fingerprint(String)
  case setup(SetupRole)

  // Sections.
  case mid(String)
  case direction(MediaDirection)
  case bundleOnly
  case rtcpMux
  case rtcpReducedSize
  case streamLabel(MediaStreamLabel)

  // Payload formats and header extensions.
  case rtpMap(RTPMap)
  case formatParameters(FormatParameters)
  case feedback(FeedbackAttribute)
  case extensionMap(ExtensionMapEntry)

  // Sources and encodings.
  case source(SourceAttribute)
  case sourceGroup(SourceGroup)
  case restriction(RestrictionIdentifier)
  case simulcast(SimulcastDescription)

  case other(name: String, value: String?)
}

extension SDPAttribute: CustomStringConvertible {
  /// The line without its end.
  public var description: String {
    let (name, value) = nameAndValue
    return "a=" + name + (value.map { ":\($0)" } ?? "")
  }

  private var nameAndValue: (String, String?) {
    switch self {
    case .group(let group): ("group", group.value)
    case .iceLite: ("ice-lite", nil)
    case .iceOptions(let options): ("ice-options", options.joined(separator: " "))
    case .iceUsernameFragment(let text): ("ice-ufrag", text)
    case .icePassword(let text): ("ice-pwd", text)
    case .candidate(let candidate): ("candidate", candidate.value)
    case .endOfCandidates: ("end-of-candidates", nil)
    case .fingerprint(let text): ("fingerprint", text)
    case .setup(let role): ("setup", role.rawValue)
    case .mid(let mid): ("mid", mid)
    case .direction(let direction): (direction.rawValue, nil)
    case .bundleOnly: ("bundle-only", nil)
    case .rtcpMux: ("rtcp-mux", nil)
    case .rtcpReducedSize: ("rtcp-rsize", nil)
    case .streamLabel(let label): ("msid", label.text)
    case .rtpMap(let map): ("rtpmap", map.value)
    case .formatParameters(let parameters): ("fmtp", parameters.value)
    case .feedback(let feedback): ("rtcp-fb", feedback.value)
    case .extensionMap(let entry): ("extmap", entry.value)
    case .source(let source): ("ssrc", source.text)
    case .sourceGroup(let group): ("ssrc-group", group.value)
    case .restriction(let rid): ("rid", rid.value)
    case .simulcast(let simulcast): ("simulcast", simulcast.value)
    case .other(let name, let value): (name, value)
    }
  }
}
