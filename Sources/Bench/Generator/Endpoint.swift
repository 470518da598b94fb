internal import Transport
internal import Wire

/// One simulated WebRTC connection, on the media thread.
final class Endpoint {
  enum State {
    case checking, handshaking, connected, over
  }

  let plan: EndpointPlan
  let descriptor: Int32
  /// The SSRC of its RTCP where it sends no track.
  let reporter: SSRC
  let cname: String
  var state = State.checking
  var segmentation = true

  // ICE (RFC 8445), controlling.
  let tieBreaker: UInt64
  let remoteKey: STUNKey
  /// Of the family of its socket.
  let candidates: [TransportAddress]
  var attempts = 0
  /// Checks without an answer, and where they went.
  var transactions: [(id: STUNTransactionID, address: TransportAddress)] = []
  var address: TransportAddress
  var lastConsent: MediaInstant
  let created: MediaInstant

  var dtls: DTLSInitiator?
  var srtp: SRTPSession?

  var sources: [OutboundSource] = []
  var streams: [InboundStream]
  private var lastStream = 0
  var feedback = FeedbackRecorder()
  var transportSequence: UInt16 = 0
  var reportsNACK = false
  var hasPacket = false
  var hasKeyframe = false
  var roundTrip = MediaDuration.milliseconds(50)
  /// When `--impair` lets the last datagram go.
  var lastRelease: (outgoing: Int64, incoming: Int64) = (0, 0)

  // The ids of header extensions, looked up once.
  let midExtension: UInt8?
  let transportExtension: UInt8?
  let timeExtension: UInt8?
  let levelExtension: UInt8?

  init(
    _ plan: EndpointPlan, descriptor: Int32, address: TransportAddress, now: MediaInstant,
    random: inout SeededRandom
  ) {
    self.plan = plan
    self.descriptor = descriptor
    self.address = address
    candidates = plan.candidates.filter { $0.ip.isIPv4 == address.ip.isIPv4 }
    reporter = SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)
    cname = String(random.next(), radix: 36)
    tieBreaker = random.next()
    remoteKey = STUNKey(password: plan.remote.password)
    created = now
    lastConsent = now
    streams = plan.inbound.map { InboundStream($0, now: now) }
    midExtension = plan.extensions[.mid]
    transportExtension = plan.extensions[.transportWideCC]
    timeExtension = plan.extensions[.absoluteSendTime]
    levelExtension = plan.extensions[.audioLevel]
  }

  var path: NetworkPath { NetworkPath(remote: address, local: .unspecified) }

  /// What RTCP of this endpoint is sent with.
  var controlSSRC: SSRC { sources.last?.plan.ssrc ?? reporter }

  /// The stream that a packet belongs to, and whether it comes on its retransmission stream.
  func stream(
    of packet: RTPPacket, in bytes: UnsafeRawBufferPointer
  ) -> (InboundStream, isRetransmission: Bool)? {
    if lastStream < streams.count, streams[lastStream].ssrc == packet.ssrc {
      return (streams[lastStream], false)
    }
    for (i, stream) in streams.enumerated() {
      if stream.ssrc == packet.ssrc {
        lastStream = i
        return (stream, false)
      }
      if stream.retransmissionSSRC == packet.ssrc { return (stream, true) }
    }
    return learn(packet, in: bytes)
  }

  /// RFC 9143 section 9.2: by the mid of the packet, else by its payload type where only one stream
  /// has it.
  private func learn(
    _ packet: RTPPacket, in bytes: UnsafeRawBufferPointer
  ) -> (InboundStream, isRetransmission: Bool)? {
    let tag = midExtension.flatMap { packet.identificationTag(id: $0, in: bytes) }
    let fitting = streams.filter { stream in
      if let tag { return stream.mid == tag }
      return stream.plan.payloadTypes.contains(packet.payloadType)
        || stream.plan.retransmission?.payloadType == packet.payloadType
    }
    guard fitting.count == 1, let stream = fitting.first else { return nil }
    if stream.plan.retransmission?.payloadType == packet.payloadType {
      stream.retransmissionSSRC = packet.ssrc
      return (stream, true)
    }
    stream.ssrc = packet.ssrc
    return (stream, false)
  }
}
