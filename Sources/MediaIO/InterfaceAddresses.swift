internal import Glibc
public import Wire

/// The addresses that a peer can reach this machine at: the ICE candidates of a server that is told
/// no others.
public enum InterfaceAddresses {
  /// Every address of every interface that is up: real ones first, loopback last (Firefox pairs a
  /// loopback candidate only with a loopback one), no link-local ones, each once.
  public static func usable() -> [IPAddress] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var real: [IPAddress] = []
    var loopback: [IPAddress] = []
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      let needed = UInt32(IFF_UP | IFF_RUNNING)
      guard UInt32(entry.ifa_flags) & needed == needed,
        let name = entry.ifa_addr, let ip = IPAddress(name), !ip.isLinkLocal, ip != .unspecified
      else { continue }
      if ip.isLoopback {
        if !loopback.contains(ip) { loopback.append(ip) }
      } else if !real.contains(ip) {
        real.append(ip)
      }
    }
    return real + loopback
  }
}

extension IPAddress {
  /// `nil` for families other than IPv4 and IPv6.
  init?(_ name: UnsafePointer<sockaddr>) {
    switch Int32(name.pointee.sa_family) {
    case AF_INET:
      let raw = UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in.self)
      self.init(v4: UInt32(bigEndian: raw.sin_addr.s_addr))
    case AF_INET6:
      let raw = UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in6.self)
      let (high, low) = withUnsafeBytes(of: raw.sin6_addr) {
        ($0.networkUInt64(at: 0), $0.networkUInt64(at: 8))
      }
      self.init(high: high, low: low)
    default: return nil
    }
  }
}
