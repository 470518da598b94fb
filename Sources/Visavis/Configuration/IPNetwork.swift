internal import Wire

/// A network of addresses: `10.20.0.0/16`, `2001:db8::/32`, or one address.
struct IPNetwork: Hashable, Sendable {
  /// As IPv6: IPv4 is mapped into it.
  private let first: IPAddress
  private let prefix: Int

  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let address = parts.first.flatMap({ IPAddress(text: $0) }) else {
      return nil
    }
    let length = address.isIPv4 ? 32 : 128
    var bits = length
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...length).contains(given) else { return nil }
      bits = given
    }
    prefix = 128 - length + bits
    first = Self.masked(address, prefix)
  }

  func contains(_ address: IPAddress) -> Bool { Self.masked(address, prefix) == first }

  private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
    IPAddress(
      high: address.high & mask(min(prefix, 64)), low: address.low & mask(max(prefix - 64, 0)))
  }

  /// The first bits of 64.
  private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : .max << UInt64(64 - bits) }
}
