/// An m= section (RFC 8866 section 5.14).
public struct MediaDescription: Hashable, Sendable {
  /// `audio`, `video`, `application`, ...
  public var media: String
  /// 0 = rejected or stopped, unless `a=bundle-only` stands in the section (RFC 9143 section 6).
  public var port: UInt16
  /// `UDP/TLS/RTP/SAVPF`, ...
  public var transport: String
  /// Payload types for RTP, in order of preference.
  public var formats: [String]
  public var connection: SDPConnection?
  /// What follows `b=`, unread.
  public var bandwidths: [String]
  public var attributes: [SDPAttribute]

  public init(
    media: String, port: UInt16, transport: String, formats: [String],
    connection: SDPConnection? = nil, bandwidths: [String] = [], attributes: [SDPAttribute] = []
  ) {
    self.media = media
    self.port = port
    self.transport = transport
    self.formats = formats
    self.connection = connection
    self.bandwidths = bandwidths
    self.attributes = attributes
  }

  /// Parses what follows `m=`.
  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let media = scanner.field(), media.isSDPToken, let port: UInt16 = scanner.number()
    else { return nil }
    if scanner.take("/") {
      // A number of ports: of no use with ICE, but RFC 8866 allows it.
      guard let _: UInt16 = scanner.number() else { return nil }
    }
    guard scanner.take(" "), let transport = scanner.field(), !transport.isEmpty else { return nil }
    let formats = scanner.remainder.split(separator: " ")
    guard !formats.isEmpty, formats.allSatisfy({ $0.isSDPToken }) else { return nil }
    self.init(
      media: String(media), port: port, transport: String(transport),
      formats: formats.map(String.init))
  }

  func write(into text: inout String) {
    text += "m=\(media) \(port) \(transport) \(formats.joined(separator: " "))\r\n"
    if let connection { text += "c=\(connection.value)\r\n" }
    for bandwidth in bandwidths { text += "b=\(bandwidth)\r\n" }
    for attribute in attributes { text += "\(attribute)\r\n" }
  }
}

/// `c=` (RFC 8866 section 5.7). With ICE the address means little: `0.0.0.0` is common.
public struct SDPConnection: Hashable, Sendable {
  public var isIPv6: Bool
  /// An address or a name.
  public var address: String

  public init(isIPv6: Bool, address: String) {
    self.isIPv6 = isIPv6
    self.address = address
  }

  public init(_ address: IPAddress) {
    self.init(isIPv6: !address.isIPv4, address: address.description)
  }

  /// `IN IP4 0.0.0.0`
  public static let unspecified = SDPConnection(isIPv6: false, address: "0.0.0.0")

  init?(value: Substring) {
    let words = value.split(separator: " ")
    guard words.count == 3, words[0] == "IN", words[1] == "IP4" || words[1] == "IP6" else {
      return nil
    }
    self.init(isIPv6: words[1] == "IP6", address: String(words[2]))
  }

  var value: String { "IN \(isIPv6 ? "IP6" : "IP4") \(address)" }
}
