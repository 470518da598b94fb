internal import Glibc
internal import Synchronization
public import Wire

/// A UDP socket of its own for one remote address: what another address sends is taken, counted and left. Knows no
/// peers and no ICE.
///
/// Used by one thread at a time.
public final class DatagramPort: Sendable {
  /// Datagrams of others that one `receive` leaves at most.
  private static let strangers = 64

  public let remote: TransportAddress
  /// Where the remote address sends to.
  public let local: TransportAddress
  private let descriptor: Int32
  private let strangeCount = Atomic<UInt64>(0)

  /// Binds to the address of this machine that reaches `remote`.
  ///
  /// - Parameters:
  ///   - local: the address of this machine; `nil`: that from which the way leads to `remote`.
  ///   - ports: the first that is free is taken; 0: any.
  public init(
    to remote: TransportAddress, from local: IPAddress?, ports: some Sequence<UInt16>
  ) throws(MediaIOError) {
    self.remote = remote
    let own: IPAddress
    if let local { own = local } else { own = try Self.route(to: remote) }
    let descriptor = try Self.open(own)
    self.descriptor = descriptor
    var bound: TransportAddress?
    for port in ports {
      guard Self.bind(descriptor, TransportAddress(ip: own, port: port)) else { continue }
      bound = Self.name(of: descriptor)
      break
    }
    guard let bound else {
      let code = errno
      Glibc.close(descriptor)
      throw .system(operation: "binding a port of a bridge", code: code)
    }
    self.local = bound
  }

  deinit { Glibc.close(descriptor) }

  /// Datagrams of other addresses, since the beginning.
  public var strange: UInt64 { strangeCount.load(ordering: .relaxed) }

  /// Takes the oldest datagram of the remote address, without waiting. One that is longer than the buffer is cut,
  /// and its length is that of the buffer.
  ///
  /// - Returns: its length; `nil`: nothing waits.
  public func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    for _ in 0..<Self.strangers {
      var storage = sockaddr_storage()
      var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let (length, from) = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
          let length = recvfrom(descriptor, buffer.baseAddress, buffer.count, 0, name, &size)
          return (length, length < 0 ? nil : TransportAddress(name))
        }
      }
      guard length >= 0 else { return nil }
      if from == remote { return length }
      strangeCount.add(1, ordering: .relaxed)
    }
    return nil
  }

  /// - Returns: `false` when the kernel did not take it.
  public func send(_ datagram: UnsafeRawBufferPointer) -> Bool {
    remote.withSocketName { name, size in
      sendto(descriptor, datagram.baseAddress, datagram.count, Int32(MSG_NOSIGNAL), name, size)
        == datagram.count
    }
  }

  private static func open(_ ip: IPAddress) throws(MediaIOError) -> Int32 {
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(ip.isIPv4 ? AF_INET : AF_INET6, type, 0)
    guard descriptor >= 0 else {
      throw .system(operation: "opening a socket of a bridge", code: errno)
    }
    return descriptor
  }

  private static func bind(_ descriptor: Int32, _ address: TransportAddress) -> Bool {
    address.withSocketName { name, size in Glibc.bind(descriptor, name, size) == 0 }
  }

  private static func name(of descriptor: Int32) -> TransportAddress? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        getsockname(descriptor, name, &size) == 0 ? TransportAddress(name) : nil
      }
    }
  }

  /// Nothing is sent by that.
  private static func route(to remote: TransportAddress) throws(MediaIOError) -> IPAddress {
    let probe = try open(remote.ip)
    defer { Glibc.close(probe) }
    let isConnected = remote.withSocketName { name, size in Glibc.connect(probe, name, size) == 0 }
    guard isConnected, let own = name(of: probe) else {
      throw .system(operation: "looking for a way to a bridge", code: errno)
    }
    return own.ip
  }
}

extension TransportAddress {
  fileprivate init?(_ name: UnsafePointer<sockaddr>) {
    guard let ip = IPAddress(name) else { return nil }
    let port =
      ip.isIPv4
      ? UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in.self).sin_port
      : UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in6.self).sin6_port
    self.init(ip: ip, port: UInt16(bigEndian: port))
  }

  fileprivate func withSocketName<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    if ip.isIPv4 {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = ip.v4.bigEndian
      return Self.rebound(&name, body)
    }
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin6_addr) { octets in
      octets.storeBytes(of: ip.high.bigEndian, toByteOffset: 0, as: UInt64.self)
      octets.storeBytes(of: ip.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    return Self.rebound(&name, body)
  }

  private static func rebound<Name, Result>(
    _ name: inout Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Name>.size))
      }
    }
  }
}
