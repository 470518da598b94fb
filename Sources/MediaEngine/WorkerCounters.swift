internal import Forwarding
public import Transport

/// Why a worker itself refused something. What floors below refuse has names of its own.
public enum WorkerRefusal: UInt8, Hashable, Sendable, CaseIterable {
  /// Not one of the kinds of RFC 7983.
  case unknownKind
  /// STUN that cannot be read, or for no peer of ours.
  case stunMalformed, stunUnknownPeer
  /// From an address that no authenticated check came from.
  case dtlsUnknownAddress, mediaUnknownAddress
  /// The queue of handshakes is full, or a peer has too much in it.
  case handshakeOverflow, handshakePeerOverflow
  /// The peer of a queued handshake is gone.
  case handshakeStale
  case rtpMalformed, rtcpMalformed
  /// No publication of the peer is told by SSRC, mid or payload type.
  case unknownSource
  /// More SSRCs than a peer may have, or they change too fast.
  case sourceTableFull, sourceFlapping
  /// RTCP about a stream that the peer does not receive or send.
  case rtcpUnknownStream
  /// No free slot for something of ours: an RTCP packet, a repeat.
  case arenaExhausted
  /// A packet for a peer that cannot get it now: not connected, no path, protection refused it.
  case notSendable
  /// More packets from one than the list of forwarded ones holds.
  case forwardingOverflow
  /// Too much waits for a viewer's path, or for too long.
  case pacerFull, pacerTooOld
  /// Waited for what has ended since: a subscription, a publication, a mute, a picture that is given up.
  case withdrawn
  case addressTableFull
  /// Commands.
  case unknownPeer, unknownPublication, unknownSubscription
  case duplicatePeer, tableFull, kindMismatch
}

/// What a worker did and what it refused, since its start. Cumulative.
public struct WorkerCounters: Hashable, Sendable {
  public var datagramsReceived: UInt64 = 0
  public var octetsReceived: UInt64 = 0
  public var rtpReceived: UInt64 = 0
  public var rtcpReceived: UInt64 = 0
  public var rtpSent: UInt64 = 0
  public var rtpOctetsSent: UInt64 = 0
  public var rtcpSent: UInt64 = 0
  public var retransmissionsSent: UInt64 = 0
  public var paddingSent: UInt64 = 0
  public var handshakeDatagrams: UInt64 = 0
  public var nacksSent: UInt64 = 0
  public var keyframeRequestsSent: UInt64 = 0
  public var transportFeedbackSent: UInt64 = 0
  public var rembSent: UInt64 = 0
  public var nacksReceived: UInt64 = 0
  public var keyframeRequestsReceived: UInt64 = 0
  public var transportFeedbackReceived: UInt64 = 0
  public var rembReceived: UInt64 = 0
  /// Authentic media of peers from addresses that were not known as theirs.
  public var strayPackets: UInt64 = 0
  /// Peers that are sent to by another path than before.
  public var pathChanges: UInt64 = 0

  private var worker = [UInt64](repeating: 0, count: WorkerRefusal.allCases.count)
  private var transport = [UInt64](repeating: 0, count: TransportRefusal.allCases.count)
  private var router = [UInt64](repeating: 0, count: Router.Refusal.allCases.count)

  public init() {}

  mutating func count(_ refusal: WorkerRefusal) { worker[Int(refusal.rawValue)] &+= 1 }
  mutating func count(transport refusal: TransportRefusal) {
    transport[Int(refusal.rawValue)] &+= 1
  }
  mutating func count(forwarding refusal: Router.Refusal) { router[Int(refusal.rawValue)] &+= 1 }

  public func refused(_ refusal: WorkerRefusal) -> UInt64 {
    worker[Int(refusal.rawValue)]
  }

  public func refused(transport refusal: TransportRefusal) -> UInt64 {
    transport[Int(refusal.rawValue)]
  }

  func refused(forwarding refusal: Router.Refusal) -> UInt64 {
    router[Int(refusal.rawValue)]
  }

  /// Every reason with its count, zeros too: `worker.unknownKind`, `transport.srtpReplayed`,
  /// `forwarding.duplicate`.
  public var refusals: [(reason: String, count: UInt64)] {
    WorkerRefusal.allCases.map { ("worker.\($0)", refused($0)) }
      + TransportRefusal.allCases.map { ("transport.\($0)", refused(transport: $0)) }
      + Router.Refusal.allCases.map { ("forwarding.\($0)", refused(forwarding: $0)) }
  }
}
