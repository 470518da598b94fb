/// An IP address as 128 bits; IPv4 is held as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2).
public struct IPAddress: Hashable, Sendable {
  /// The first and last eight octets, in network order read as big-endian integers.
  public var high: UInt64
  public var low: UInt64

  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// - Parameter v4: the address as a big-endian integer, `127.0.0.1` is `0x7F00_0001`.
  @inlinable
  public init(v4: UInt32) {
    high = 0
    low = 0x0000_FFFF_0000_0000 | UInt64(v4)
  }

  public static let unspecified = IPAddress(high: 0, low: 0)

  @inlinable public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }
  @inlinable public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

  public var isLoopback: Bool {
    isIPv4 ? v4 >> 24 == 127 : (high == 0 && low == 1)
  }

  /// `fe80::/10`: needs a scope, so it is never a candidate.
  public var isLinkLocal: Bool {
    isIPv4 ? v4 >> 16 == 0xA9FE : high >> 54 == 0x3FA
  }
}

/// What carries datagrams: UDP, or a TCP connection that frames them (RFC 4571).
public enum TransportProtocol: Hashable, Sendable {
  case udp, tcp
}

/// An endpoint: address, port (host byte order) and the protocol that the port is of.
public struct TransportAddress: Hashable, Sendable {
  public var ip: IPAddress
  public var port: UInt16
  public var transport: TransportProtocol

  @inlinable
  public init(ip: IPAddress, port: UInt16, transport: TransportProtocol = .udp) {
    self.ip = ip
    self.port = port
    self.transport = transport
  }
}

/// The two ends of a datagram as the kernel saw them: where it came from and which of our
/// addresses it was sent to. An answer leaves from that same address, so that it passes the
/// peer's symmetric check (RFC 8445 section 7.2.5.2.1) on hosts with several addresses.
///
/// Over TCP a path is a connection: there is one between two ends at a time.
public struct NetworkPath: Hashable, Sendable {
  public var remote: TransportAddress
  /// `.unspecified` when the kernel did not tell.
  public var local: IPAddress

  @inlinable
  public init(remote: TransportAddress, local: IPAddress) {
    self.remote = remote
    self.local = local
  }
}
