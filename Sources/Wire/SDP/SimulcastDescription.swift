/// `a=simulcast` (RFC 8853 section 5.1).
public struct SimulcastDescription: Hashable, Sendable {
  /// One way to encode a stream.
  public struct Alternative: Hashable, Sendable {
    public var rid: String
    /// Written with `~`.
    public var isPaused: Bool

    public init(rid: String, isPaused: Bool = false) {
      self.rid = rid
      self.isPaused = isPaused
    }
  }

  /// Streams, each with its alternatives in order of preference.
  public var send: [[Alternative]]
  public var receive: [[Alternative]]

  public init(send: [[Alternative]], receive: [[Alternative]]) {
    self.send = send
    self.receive = receive
  }

  init?(value: Substring) {
    send = []
    receive = []
    var scanner = SDPScanner(value)
    while !scanner.isAtEnd {
      guard let direction = scanner.field(), let list = scanner.field() else { return nil }
      let streams = list.split(separator: ";", omittingEmptySubsequences: false).map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map { text in
          Alternative(
            rid: String(text.first == "~" ? text.dropFirst() : text), isPaused: text.first == "~")
        }
      }
      guard streams.allSatisfy({ $0.allSatisfy { $0.rid.isSDPToken } }) else { return nil }
      switch direction {
      case "send" where send.isEmpty: send = streams
      case "recv" where receive.isEmpty: receive = streams
      default: return nil
      }
    }
    guard !(send.isEmpty && receive.isEmpty) else { return nil }
  }

  var value: String {
    var parts: [String] = []
    if !send.isEmpty { parts.append("send " + Self.text(send)) }
    if !receive.isEmpty { parts.append("recv " + Self.text(receive)) }
    return parts.joined(separator: " ")
  }

  private static func text(_ streams: [[Alternative]]) -> String {
    streams.map { stream in
      stream.map { ($0.isPaused ? "~" : "") + $0.rid }.joined(separator: ",")
    }.joined(separator: ";")
  }
}
