/// What a connection of a check is for. A participant has one of each at most.
enum CheckWay: String, CaseIterable, Hashable, Sendable {
  /// Whether that way reaches the server; the client takes no other.
  case udp, tcp, relay
  /// Test media that comes back to who sends it.
  case measure
}
