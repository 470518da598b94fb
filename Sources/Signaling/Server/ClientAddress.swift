internal import NIOCore
internal import Wire

/// Whose request it is, for limits by address.
enum ClientAddress {
  /// - Parameters:
  ///   - forwarded: `X-Forwarded-For`; behind a proxy its last entry is what the proxy saw, all
  ///     before it is the client's own word.
  ///   - isBehindProxy: every connection comes from a proxy. One from this machine that says whom
  ///     it forwards is taken for one anyway.
  static func of(
    _ channel: any Channel, forwarded: String?, isBehindProxy: Bool
  ) -> IPAddress? {
    let peer = channel.remoteAddress?.ipAddress.flatMap { IPAddress(text: $0) }
    guard isBehindProxy || peer?.isLoopback == true,
      let last = forwarded?.split(separator: ",").last,
      let address = IPAddress(text: last.trimmingSpaces)
    else { return peer }
    return address
  }
}
