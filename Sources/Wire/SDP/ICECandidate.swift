/// `a=candidate` (RFC 8839 section 5.1).
public struct ICECandidate: Hashable, Sendable {
  /// Where the candidate is: an address, or a name that only the local link knows (mDNS, `.local`).
  public enum Host: Hashable, Sendable {
    case address(IPAddress)
    case name(String)
  }

  public enum Kind: String, Hashable, Sendable {
    case host, srflx, prflx, relay
  }

  /// `tcptype` (RFC 6544 section 4.5).
  public enum TCPKind: String, Hashable, Sendable {
    case active, passive, so
  }

  /// 1...32 ice-chars; equal for candidates of the same kind and base.
  public var foundation: String
  /// 1 is RTP, 2 is RTCP where they are not multiplexed.
  public var component: UInt16
  public var transport: TransportProtocol
  public var priority: UInt32
  public var host: Host
  public var port: UInt16
  public var kind: Kind
  public var relatedHost: Host?
  public var relatedPort: UInt16?
  public var tcpKind: TCPKind?
  /// `generation 0 network-id 1`, ... : names and values, unread.
  public var extensions: String?

  public init(
    foundation: String, component: UInt16, transport: TransportProtocol, priority: UInt32,
    host: Host, port: UInt16, kind: Kind, relatedHost: Host? = nil, relatedPort: UInt16? = nil,
    tcpKind: TCPKind? = nil, extensions: String? = nil
  ) {
    self.foundation = foundation
    self.component = component
    self.transport = transport
    self.priority = priority
    self.host = host
    self.port = port
    self.kind = kind
    self.relatedHost = relatedHost
    self.relatedPort = relatedPort
    self.tcpKind = tcpKind
    self.extensions = extensions
  }

  /// Parses `candidate:...` as `RTCIceCandidate.candidate` has it, or what follows
  /// `a=candidate:` in SDP. `nil` when it is malformed or of a transport or type that we do not
  /// know, which RFC 8839 section 5.1 says to ignore.
  public init?(text: String) {
    guard text.utf8.count <= SDPLimits.lineBytes else { return nil }
    let prefix = "candidate:"
    self.init(value: text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : Substring(text))
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let foundation = scanner.field(), foundation.utf8.count <= 32,
      let component: UInt16 = scanner.numberField(), (1...256).contains(component),
      let protocolName = scanner.field(),
      let transport = TransportProtocol(candidateText: protocolName),
      let priority: UInt32 = scanner.numberField(),
      let hostName = scanner.field(), let port: UInt16 = scanner.numberField(),
      scanner.field() == "typ", let kindName = scanner.field(),
      let kind = Kind(rawValue: String(kindName))
    else { return nil }
    self.init(
      foundation: String(foundation), component: component, transport: transport,
      priority: priority, host: Host(hostName), port: port, kind: kind)

    var others: [Substring] = []
    while !scanner.isAtEnd {
      guard let name = scanner.field(), let value = scanner.field() else { return nil }
      switch name {
      case "raddr": relatedHost = Host(value)
      case "rport":
        guard let port: UInt16 = value.sdpNumber() else { return nil }
        relatedPort = port
      case "tcptype":
        guard let tcpKind = TCPKind(rawValue: String(value)) else { return nil }
        self.tcpKind = tcpKind
      default:
        others.append(name)
        others.append(value)
      }
    }
    if !others.isEmpty { extensions = others.joined(separator: " ") }
    guard transport == .udp || tcpKind != nil else { return nil }
  }

  /// What follows `a=candidate:`.
  var value: String {
    var text =
      "\(foundation) \(component) \(transport.candidateText) \(priority) \(host) \(port) typ "
      + kind.rawValue
    if let relatedHost { text += " raddr \(relatedHost)" }
    if let relatedPort { text += " rport \(relatedPort)" }
    if let tcpKind { text += " tcptype \(tcpKind.rawValue)" }
    if let extensions { text += " \(extensions)" }
    return text
  }
}

extension ICECandidate: CustomStringConvertible {
  /// `candidate:...`, as `RTCIceCandidate.candidate` has it.
  public var description: String { "candidate:" + value }
}

extension ICECandidate.Host: CustomStringConvertible {
  init(_ text: Substring) {
    self = IPAddress(text: text).map { .address($0) } ?? .name(String(text))
  }

  public var description: String {
    switch self {
    case .address(let address): address.description
    case .name(let name): name
    }
  }
}

extension TransportProtocol {
  init?(candidateText text: Substring) {
    switch text.lowercased() {
    case "udp": self = .udp
    case "tcp": self = .tcp
    default: return nil
    }
  }

  var candidateText: String {
    switch self {
    case .udp: "udp"
    case .tcp: "tcp"
    }
  }
}
