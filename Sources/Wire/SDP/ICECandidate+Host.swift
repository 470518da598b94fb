extension ICECandidate {
  /// UDP host candidates of an ICE-lite agent, one for each address, most useful first.
  ///
  /// Priorities follow RFC 8445 section 5.1.2.1; among the addresses IPv6 comes before IPv4 as
  /// RFC 8421 wants it, and loopback last: it leads nowhere but to this machine.
  public static func hosts(addresses: [IPAddress], port: UInt16) -> [ICECandidate] {
    ordered(addresses).enumerated().map { index, address in
      ICECandidate(
        foundation: "\(index + 1)", component: 1, transport: .udp,
        priority: priority(type: 126, local: UInt32(65_535 - index)),
        host: .address(address), port: port, kind: .host)
    }
  }

  /// The same addresses as TCP candidates that wait to be connected to (RFC 6544).
  ///
  /// Every one of them comes after every UDP candidate, also after a reflexive one (whose type
  /// preference is 100): a network that lets UDP through uses it. The local preference is that of
  /// RFC 6544 section 4.2, with the direction preference 4 of a passive host candidate.
  public static func passiveHosts(addresses: [IPAddress], port: UInt16) -> [ICECandidate] {
    let directionPreference: UInt32 = 4
    return ordered(addresses).enumerated().map { index, address in
      ICECandidate(
        foundation: "t\(index + 1)", component: 1, transport: .tcp,
        priority: priority(type: 90, local: directionPreference << 13 | UInt32(8_191 - index)),
        host: .address(address), port: port, kind: .host, tcpKind: .passive)
    }
  }

  private static func priority(type: UInt32, local: UInt32) -> UInt32 {
    type << 24 | local << 8 | 255
  }

  private static func ordered(_ addresses: [IPAddress]) -> [IPAddress] {
    addresses.enumerated()
      .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
      .prefix(64).map(\.element)
  }

  private static func rank(_ address: IPAddress) -> Int {
    (address.isLoopback ? 2 : 0) + (address.isIPv4 ? 1 : 0)
  }
}
