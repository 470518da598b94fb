/// What the attributes of a section say, found by a walk over the list: sections are small and
/// offers rare.
extension MediaDescription {
  public var mid: String? {
    first { if case .mid(let mid) = $0 { mid } else { nil } }
  }

  /// `nil` when the section does not say; then the session level does, else it is `sendrecv`.
  public var direction: MediaDirection? {
    attributes.direction
  }

  public var isBundleOnly: Bool { attributes.contains(.bundleOnly) }
  public var isRTCPMux: Bool { attributes.contains(.rtcpMux) }
  public var isRTCPReducedSize: Bool { attributes.contains(.rtcpReducedSize) }

  /// Port 0 means that the section is rejected or stopped, but not where `a=bundle-only` says
  /// that the port is that of the bundle (RFC 9143 section 6).
  public var isStopped: Bool { port == 0 && !isBundleOnly }

  /// The formats as RTP payload types, in order of preference; others are left out.
  public var payloadTypes: [UInt8] { formats.compactMap { $0.sdpNumber(upTo: 127) } }

  public var rtpMaps: [RTPMap] {
    attributes.compactMap { if case .rtpMap(let map) = $0 { map } else { nil } }
  }

  public func formatParameters(_ payloadType: UInt8) -> FormatParameters? {
    first {
      if case .formatParameters(let found) = $0, found.payloadType == payloadType {
        found
      } else {
        nil
      }
    }
  }

  /// The feedback that is offered for a payload type, also by `*`.
  public func feedback(_ payloadType: UInt8) -> [String] {
    attributes.compactMap {
      if case .feedback(let found) = $0,
        found.payloadType == nil || found.payloadType == payloadType
      {
        found.feedback
      } else {
        nil
      }
    }
  }

  public var extensionMaps: [ExtensionMapEntry] {
    attributes.compactMap { if case .extensionMap(let entry) = $0 { entry } else { nil } }
  }

  public var candidates: [ICECandidate] { attributes.candidates }

  public var sourceGroups: [SourceGroup] {
    attributes.compactMap { if case .sourceGroup(let group) = $0 { group } else { nil } }
  }

  /// The sources that `a=ssrc` names, each once, in order of appearance.
  public var sources: [SSRC] {
    var seen: Set<SSRC> = []
    return attributes.compactMap {
      if case .source(let source) = $0, seen.insert(source.ssrc).inserted {
        source.ssrc
      } else {
        nil
      }
    }
  }

  public var streamLabels: [MediaStreamLabel] {
    attributes.compactMap { if case .streamLabel(let label) = $0 { label } else { nil } }
  }

  private func first<T>(_ match: (SDPAttribute) -> T?) -> T? { attributes.first(match) }
}

/// What can stand at the level of the session as well as in a section.
extension [SDPAttribute] {
  public var direction: MediaDirection? {
    first { if case .direction(let direction) = $0 { direction } else { nil } }
  }

  public var iceUsernameFragment: String? {
    first { if case .iceUsernameFragment(let text) = $0 { text } else { nil } }
  }

  public var icePassword: String? {
    first { if case .icePassword(let text) = $0 { text } else { nil } }
  }

  public var iceOptions: [String] {
    first { if case .iceOptions(let options) = $0 { options } else { nil } } ?? []
  }

  /// Every `a=fingerprint`, as text.
  public var fingerprints: [String] {
    compactMap { if case .fingerprint(let text) = $0 { text } else { nil } }
  }

  public var setup: SetupRole? {
    first { if case .setup(let role) = $0 { role } else { nil } }
  }

  public var candidates: [ICECandidate] {
    compactMap { if case .candidate(let candidate) = $0 { candidate } else { nil } }
  }

  /// The first attribute that `match` makes something of.
  func first<T>(_ match: (SDPAttribute) -> T?) -> T? {
    for attribute in self {
      if let found = match(attribute) { return found }
    }
    return nil
  }
}
