internal import CDatagram
internal import Glibc
internal import Wire

/// Waits for the connections that a passive TCP candidate invites (RFC 6544).
final class ICETCPListener {
  /// Octets that the kernel holds for one connection at most. Its half is what it doubles.
  static let bufferOctets: Int32 = 256 << 10
  /// Octets that may wait for a slow network: what comes later is dropped while it is fresh rather
  /// than sent when it is stale.
  static let unsentOctets: Int32 = 64 << 10
  /// A peer that acknowledges nothing for so long is gone.
  static let acknowledgementPatience: UInt32 = 15_000

  struct Accepted {
    var descriptor: Int32
    var path: NetworkPath
  }

  enum Outcome {
    case accepted(Accepted)
    case noneWaits
    /// The system has no descriptor or memory for another one.
    case exhausted
  }

  private(set) var descriptor: Int32

  /// - Parameter isDualStack: as the UDP socket of the same port is.
  init(port: UInt16, isDualStack: Bool) throws(MediaIOError) {
    descriptor = stream_listen(port, isDualStack ? AF_INET6 : AF_INET)
    guard descriptor >= 0 else { throw MediaIOError(listening: port, code: -descriptor) }
  }

  deinit { close() }

  /// Frees the port. May be called again.
  func close() {
    datagram_descriptor_close(descriptor)
    descriptor = -1
  }

  func accept() -> Outcome {
    var ends = stream_ends()
    let accepted = stream_accept(
      descriptor, &ends, Self.bufferOctets, Self.unsentOctets, Self.acknowledgementPatience)
    guard accepted >= 0 else { return accepted == -EAGAIN ? .noneWaits : .exhausted }
    let remote = TransportAddress(
      ip: IPAddress(high: ends.remote_high, low: ends.remote_low), port: ends.remote_port,
      transport: .tcp)
    return .accepted(
      Accepted(
        descriptor: accepted,
        path: NetworkPath(
          remote: remote, local: IPAddress(high: ends.local_high, low: ends.local_low))))
  }
}
