extension ICECandidate {
  /// UDP host candidates of an ICE-lite agent, one for each address, most useful first.
  ///
  /// Priorities follow RFC 8445 section 5.1.2.1; among the addresses IPv6 comes before IPv4 as
  /// RFC 8421 wants it, and loopback last: it leads nowhere but to this machine.
  public static func hosts(addresses: [IPAddress], port: UInt16) -> [ICECandidate] {
    let ordered = addresses.enumerated().sorted { a, b in
      (rank(a.element), a.offset) < (rank(b.element), b.offset)
    }
    return ordered.enumerated().prefix(64).map { index, item in
      let typePreference: UInt32 = 126
      let localPreference = UInt32(65_535 - index)
      return ICECandidate(
        foundation: "\(index + 1)", component: 1, transport: .udp,
        priority: typePreference << 24 | localPreference << 8 | 255,
        host: .address(item.element), port: port, kind: .host)
    }
  }

  private static func rank(_ address: IPAddress) -> Int {
    (address.isLoopback ? 2 : 0) + (address.isIPv4 ? 1 : 0)
  }
}
