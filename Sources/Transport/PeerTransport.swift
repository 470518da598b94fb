public import Wire

/// Everything between a datagram and plaintext RTP for one peer: ICE-lite, DTLS (we are passive)
/// and SRTP. Confined to one thread; every verb takes the time.
public final class PeerTransport {
  public enum Received: Equatable, Sendable {
    /// STUN or DTLS, dealt with; answers are in the batch.
    case consumed
    /// Decrypted in place: a plaintext RTP packet of this length is at the start of the slot.
    case rtp(length: Int)
    /// The same for a compound RTCP packet.
    case rtcp(length: Int)
    case refused(TransportRefusal)
  }

  public init(
    local: ICECredentials, remote: ICECredentials, remoteFingerprints: [CertificateFingerprint],
    context: DTLSContext, timeouts: PeerTransportTimeouts, now: MediaInstant
  ) {}

  /// A peer that is connected at once: no checks were made, no handshake took place. For
  /// simulations and benchmarks. Checks are not required afterwards either, so it never times out
  /// unless some arrive.
  public init(preset keys: SRTPKeyingMaterial, path: NetworkPath, now: MediaInstant) {}

  /// Takes one datagram. The slot stays the caller's in every case; answers get slots of their own
  /// from `arena`.
  public func receive(
    _ slot: PacketSlot, length: Int, path: NetworkPath, now: MediaInstant, arena: PacketArena,
    into out: inout OutboundBatch
  ) -> Received { .refused(.unknownKind) }

  /// Protects an RTP packet in place.
  /// - Returns: the new length, or `nil` when the peer is not connected, the buffer has no room for
  ///   `SRTPProfile.rtpOverhead` more octets, or the packet is malformed. With an AEAD profile also when
  ///   this sequence number was already sent: a nonce must not be used twice (RFC 7714 section 8.4).
  public func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? { nil }

  /// The same for a compound RTCP packet.
  public func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? { nil }

  /// Where to send now: `nil` before the first authenticated check and after the end.
  public private(set) var sendPath: NetworkPath?

  /// Whether media may flow.
  public private(set) var isConnected = false

  /// When `handleTimeout` wants to be called next.
  public var nextDeadline: MediaInstant? { nil }

  public func handleTimeout(
    now: MediaInstant, arena: PacketArena, into out: inout OutboundBatch
  ) {}

  /// New credentials on the same DTLS association (RFC 8445 section 9). The old ones are accepted
  /// until the first check with the new ones arrives; media goes on over the old path until then.
  public func restartICE(local: ICECredentials, remote: ICECredentials, now: MediaInstant) {}

  /// Says goodbye (close_notify) and frees what OpenSSL and libsrtp hold. The peer refuses everything
  /// afterwards.
  public func close(arena: PacketArena, into out: inout OutboundBatch) {}

  /// Whether `nextEvent()` would return something.
  public var hasEvents: Bool { false }

  /// The oldest change that was not taken yet.
  public func nextEvent() -> PeerTransportEvent? { nil }
}
