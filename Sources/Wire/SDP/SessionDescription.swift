/// A session description (RFC 8866) as WebRTC uses it (RFC 9429): attributes as typed values.
///
/// Lines that mean nothing to WebRTC (`i= u= e= p= r= z= k=`) are checked for their place and left
/// out.
public struct SessionDescription: Hashable, Sendable {
  public var origin: SessionOrigin
  /// `s=`; JSEP writes `-`.
  public var name: String
  public var connection: SDPConnection?
  public var bandwidths: [String]
  /// `t=`; `0 0` is a session without bounds.
  public var timing: String
  /// Of the session level.
  public var attributes: [SDPAttribute]
  public var sections: [MediaDescription]

  public init(
    origin: SessionOrigin, name: String = "-", connection: SDPConnection? = nil,
    bandwidths: [String] = [], timing: String = "0 0", attributes: [SDPAttribute] = [],
    sections: [MediaDescription] = []
  ) {
    self.origin = origin
    self.name = name
    self.connection = connection
    self.bandwidths = bandwidths
    self.timing = timing
    self.attributes = attributes
    self.sections = sections
  }

  /// Parses a description within `SDPLimits`. Lines end with CRLF or LF.
  ///
  /// Text after the last line of the last section that does not look like SDP at all (no letter
  /// and "=") ends the description and is ignored: what tools print after it gets copied along.
  public static func parse(_ text: String) throws(SDPError) -> SessionDescription {
    var parser = try SDPParser(text)
    return try parser.session()
  }

  /// The direction of a section: its own, else that of the session, else `sendrecv` (RFC 8866
  /// section 6.7).
  public func direction(of section: MediaDescription) -> MediaDirection {
    section.direction ?? attributes.direction ?? .sendrecv
  }

  public var groups: [SectionGroup] {
    attributes.compactMap { if case .group(let group) = $0 { group } else { nil } }
  }

  public var isICELite: Bool { attributes.contains(.iceLite) }
}

extension SessionDescription: CustomStringConvertible {
  /// The text, with CRLF.
  public var description: String {
    var text = "v=0\r\no=\(origin.value)\r\ns=\(name)\r\n"
    if let connection { text += "c=\(connection.value)\r\n" }
    for bandwidth in bandwidths { text += "b=\(bandwidth)\r\n" }
    text += "t=\(timing)\r\n"
    for attribute in attributes { text += "\(attribute)\r\n" }
    for section in sections { section.write(into: &text) }
    return text
  }
}

/// `o=` (RFC 8866 section 5.2): which session, and which version of it.
public struct SessionOrigin: Hashable, Sendable {
  public var username: String
  /// Decimal digits: the same for the life of a peer connection, in clients that follow RFC 9429
  /// section 5.2.1.
  public var sessionID: String
  /// Decimal digits.
  public var sessionVersion: String
  public var connection: SDPConnection

  public init(
    username: String = "-", sessionID: String, sessionVersion: String,
    connection: SDPConnection = SDPConnection(isIPv6: false, address: "127.0.0.1")
  ) {
    self.username = username
    self.sessionID = sessionID
    self.sessionVersion = sessionVersion
    self.connection = connection
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let username = scanner.field(), let id = scanner.field(), Self.isNumber(id),
      let version = scanner.field(), Self.isNumber(version),
      let connection = SDPConnection(value: scanner.remainder)
    else { return nil }
    self.init(
      username: String(username), sessionID: String(id), sessionVersion: String(version),
      connection: connection)
  }

  /// Numbers of any size in principle, so they stay text.
  private static func isNumber(_ text: Substring) -> Bool {
    text.utf8.count <= 40
      && text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  var value: String { "\(username) \(sessionID) \(sessionVersion) \(connection.value)" }
}
