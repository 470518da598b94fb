/// An SDP fragment, `application/trickle-ice-sdpfrag` (RFC 8840 section 9): candidates of a
/// session that is known already, or (RFC 9725 section 4.3.3) new ICE credentials.
public struct TrickleFragment: Hashable, Sendable {
  public static let mediaType = "application/trickle-ice-sdpfrag"

  /// Of the session level.
  public var attributes: [SDPAttribute]
  /// Pseudo m= sections: their `a=mid` and candidates count, nothing of the m= line.
  public var sections: [MediaDescription]

  public init(attributes: [SDPAttribute] = [], sections: [MediaDescription] = []) {
    self.attributes = attributes
    self.sections = sections
  }

  /// Parses a fragment within `SDPLimits`. Lines end with CRLF or LF.
  public static func parse(_ text: String) throws(SDPError) -> TrickleFragment {
    var parser = try SDPParser(text)
    return try parser.fragment()
  }

  /// `a=ice-ufrag` of the session level or of the first section that has one.
  public var iceUsernameFragment: String? {
    attributes.iceUsernameFragment
      ?? sections.lazy.compactMap { $0.attributes.iceUsernameFragment }.first
  }

  /// `a=ice-pwd` of the session level or of the first section that has one.
  public var icePassword: String? {
    attributes.icePassword ?? sections.lazy.compactMap { $0.attributes.icePassword }.first
  }

  /// Every candidate, of whichever section.
  public var candidates: [ICECandidate] {
    attributes.candidates + sections.flatMap { $0.candidates }
  }

  public var isEndOfCandidates: Bool {
    attributes.contains(.endOfCandidates)
      || sections.contains { $0.attributes.contains(.endOfCandidates) }
  }
}

extension TrickleFragment: CustomStringConvertible {
  /// The text, with CRLF.
  public var description: String {
    var text = ""
    for attribute in attributes { text += "\(attribute)\r\n" }
    for section in sections { section.write(into: &text) }
    return text
  }
}
