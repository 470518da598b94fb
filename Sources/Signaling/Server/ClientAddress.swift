internal import NIOCore
internal import Wire

/// Whose request it is, for limits by address.
enum ClientAddress {
  /// - Parameter forwarded: `X-Forwarded-For`; behind a proxy its last entry is what the proxy
  ///   saw, all before it is the client's own word.
  static func of(
    _ channel: any Channel, forwarded: String?, isBehindProxy: Bool
  ) -> IPAddress? {
    if isBehindProxy, let last = forwarded?.split(separator: ",").last,
      let address = IPAddress(text: last.trimmingSpaces)
    {
      return address
    }
    return channel.remoteAddress?.ipAddress.flatMap { IPAddress(text: $0) }
  }
}
