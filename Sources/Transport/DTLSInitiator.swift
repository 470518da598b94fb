public import Wire

/// The active side of a DTLS association (RFC 5764): what a browser is to us, for programs of ours that
/// stand in for one.
public final class DTLSInitiator {
  public enum State: Equatable, Sendable {
    case handshaking
    case connected(SRTPProfile)
    /// The server said close_notify, or we did.
    case closed
    case failed(PeerTransportFailure)
  }

  private let transport: DTLSTransport

  /// - Parameter expected: the fingerprints of the server, from its answer; one must match.
  /// - Returns: `nil` when OpenSSL has no memory.
  public init?(context: DTLSContext, expected: [CertificateFingerprint]) {
    guard let transport = DTLSTransport(context: context, role: .active, expected: expected) else {
      return nil
    }
    self.transport = transport
  }

  public var state: State {
    switch transport.state {
    case .handshaking: .handshaking
    case .connected(let profile): .connected(profile)
    case .closed: .closed
    case .failed(let failure): .failed(failure)
    }
  }

  /// When `handleTimeout` wants to be called.
  public var deadline: MediaInstant? { transport.deadline }

  /// The keys of SRTP; `nil` before the end of the handshake.
  public func keyingMaterial() -> SRTPKeyingMaterial? { transport.keyingMaterial() }

  /// Sends the ClientHello.
  public func start(
    now: MediaInstant, arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch
  ) {
    transport.start(now: now, arena: arena, path: path, into: &out)
  }

  /// Takes one datagram and appends the answers.
  public func receive(
    _ datagram: UnsafeRawBufferPointer, now: MediaInstant, arena: PacketArena, path: NetworkPath,
    into out: inout OutboundBatch
  ) {
    _ = transport.receive(datagram, now: now, arena: arena, path: path, into: &out)
  }

  /// Sends the last flight again when it is time.
  public func handleTimeout(
    now: MediaInstant, arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch
  ) {
    transport.handleTimeout(now: now, arena: arena, path: path, into: &out)
  }

  /// Says goodbye.
  public func close(arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch) {
    transport.close(arena: arena, path: path, into: &out)
  }
}
