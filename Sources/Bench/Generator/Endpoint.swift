internal import CDatagram
internal import Transport
internal import Wire

/// One simulated WebRTC connection, on the media thread.
final class Endpoint {
  enum State {
    case checking, handshaking, connected, over
  }

  let plan: EndpointPlan
  let cohort: Int
  var descriptor: Int32
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
  var transactions: [(id: STUNTransactionID, address: TransportAddress, sent: MediaInstant)] = []
  var address: TransportAddress
  var lastConsent: MediaInstant
  let created: MediaInstant

  var dtls: DTLSInitiator?
  var srtp: SRTPSession? {
    didSet { cipher = srtp.map { Unmanaged.passUnretained($0) } }
  }
  /// The same, without counting references for each packet.
  private(set) var cipher: Unmanaged<SRTPSession>?

  /// Where they lie until the endpoint ends: no reference is counted for a packet.
  private(set) var sources = UnsafeMutableBufferPointer<OutboundSource>(start: nil, count: 0)
  /// Each in a place of its own, which `setStreams` gives back.
  private(set) var streams: [UnsafeMutablePointer<InboundStream>]
  private var lastStream = 0
  var feedback = FeedbackRecorder()
  var transportSequence: UInt16 = 0
  var reportsNACK = false
  var hasPacket = false
  var hasKeyframe = false
  var roundTrip = MediaDuration.milliseconds(50)
  /// When `--impair` lets the last datagram go.
  var lastRelease: (outgoing: Int64, incoming: Int64) = (0, 0)
  /// Where participants adapt to their paths.
  var rate: SendRate?
  /// Octets of a packet of sound that the server asks for.
  var soundLimit = Int.max
  var arrivals: ArrivalReporter?

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
    cohort = plan.cohort
    self.descriptor = descriptor
    self.address = address
    candidates = plan.candidates.filter { $0.ip.isIPv4 == address.ip.isIPv4 }
    reporter = SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)
    cname = String(random.next(), radix: 36)
    tieBreaker = random.next()
    remoteKey = STUNKey(password: plan.remote.password)
    created = now
    lastConsent = now
    streams = plan.inbound.map { Self.stream($0, now: now) }
    midExtension = plan.extensions[.mid]
    transportExtension = plan.extensions[.transportWideCC]
    timeExtension = plan.extensions[.absoluteSendTime]
    levelExtension = plan.extensions[.audioLevel]
  }

  var path: NetworkPath { NetworkPath(remote: address, local: .unspecified) }

  deinit {
    sources.deinitialize()
    sources.deallocate()
    for stream in streams { Self.free(stream) }
  }

  private static func stream(
    _ plan: InboundPlan, now: MediaInstant
  ) -> UnsafeMutablePointer<InboundStream> {
    let place = UnsafeMutablePointer<InboundStream>.allocate(capacity: 1)
    place.initialize(to: InboundStream(plan, now: now))
    return place
  }

  private static func free(_ stream: UnsafeMutablePointer<InboundStream>) {
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// Its tracks begin; once.
  func startSources(now: MediaInstant, random: inout SeededRandom) {
    sources = .allocate(capacity: plan.outbound.count)
    for (i, plan) in plan.outbound.enumerated() {
      sources.initializeElement(at: i, to: OutboundSource(plan, now: now, random: &random))
    }
  }

  func source(_ ssrc: SSRC) -> Int? {
    sources.indices.first { sources[$0].plan.ssrc == ssrc }
  }

  func stream(_ ssrc: SSRC) -> UnsafeMutablePointer<InboundStream>? {
    streams.first { $0.pointee.ssrc == ssrc }
  }

  /// Tracks that stay are named by their mid.
  /// - Parameter ending: sees each that does not, for the last time.
  func setStreams(
    _ plans: [InboundPlan], now: MediaInstant,
    ending: (UnsafeMutablePointer<InboundStream>) -> Void
  ) {
    let before = streams
    streams = plans.map { plan in
      before.first {
        $0.pointee.plan.mid == plan.mid && $0.pointee.plan.isVideo == plan.isVideo
      } ?? Self.stream(plan, now: now)
    }
    lastStream = 0
    for stream in before where !streams.contains(stream) {
      ending(stream)
      Self.free(stream)
    }
  }

  /// Says that packets of its streams come soon.
  func prefetchStreams() {
    if let cipher {
      let place = UnsafeRawPointer(cipher.toOpaque())
      for line in 0..<4 { flow_prefetch(place + line &* 64) }
    }
    for stream in streams {
      let place = UnsafeRawPointer(stream)
      for line in 0..<4 { flow_prefetch(place + line &* 64) }
    }
  }

  /// What RTCP of this endpoint is sent with.
  var controlSSRC: SSRC {
    sources.isEmpty ? reporter : sources[sources.count - 1].plan.ssrc
  }

  /// The stream that a packet belongs to, and whether it comes on its retransmission stream.
  func stream(
    of packet: RTPPacket, in bytes: UnsafeRawBufferPointer
  ) -> (UnsafeMutablePointer<InboundStream>, isRetransmission: Bool)? {
    if lastStream < streams.count, streams[lastStream].pointee.ssrc == packet.ssrc {
      return (streams[lastStream], false)
    }
    for i in streams.indices {
      let stream = streams[i]
      if stream.pointee.ssrc == packet.ssrc {
        lastStream = i
        return (stream, false)
      }
      if stream.pointee.retransmissionSSRC == packet.ssrc { return (stream, true) }
    }
    return learn(packet, in: bytes)
  }

  /// RFC 9143 section 9.2: by the mid of the packet, else by its payload type where only one stream
  /// has it.
  private func learn(
    _ packet: RTPPacket, in bytes: UnsafeRawBufferPointer
  ) -> (UnsafeMutablePointer<InboundStream>, isRetransmission: Bool)? {
    let tag = midExtension.flatMap { packet.identificationTag(id: $0, in: bytes) }
    let fitting = streams.filter { stream in
      if let tag { return stream.pointee.mid == tag }
      return stream.pointee.plan.payloadTypes.contains(packet.payloadType)
        || stream.pointee.plan.retransmission?.payloadType == packet.payloadType
    }
    guard fitting.count == 1, let stream = fitting.first else { return nil }
    if stream.pointee.plan.retransmission?.payloadType == packet.payloadType {
      stream.pointee.retransmissionSSRC = packet.ssrc
      return (stream, true)
    }
    stream.pointee.ssrc = packet.ssrc
    return (stream, false)
  }
}
