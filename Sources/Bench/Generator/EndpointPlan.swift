internal import Transport
internal import Wire

/// One simulated WebRTC connection, numbered by whoever runs the load.
struct EndpointID: Hashable, Sendable {
  var rawValue: Int
}

/// A track that an endpoint sends.
struct OutboundPlan: Sendable {
  enum Content: Sendable {
    /// Octets of each Opus packet, every 20 ms.
    case opus(octets: Int)
    case vp8(kilobitsPerSecond: Double, framesPerSecond: Double)
  }

  /// Names the track in its packets, unique in the run.
  var tag: UInt32
  var content: Content
  var mid: String
  var ssrc: SSRC
  var payloadType: UInt8
  /// RFC 4588; `nil` when the answer did not take it.
  var retransmission: (ssrc: SSRC, payloadType: UInt8)?
  /// RED (RFC 2198); `nil` when sound is not repeated.
  var redundancy: UInt8?
  /// Sound is sent again when it is asked for, as it was.
  var repairsSound = false

  var isVideo: Bool { if case .vp8 = content { true } else { false } }
}

/// A track that an endpoint receives.
struct InboundPlan: Sendable {
  var mid: String
  var isVideo: Bool
  /// `nil` when the answer does not say: learned from the `mid` extension or the payload type.
  var ssrc: SSRC?
  var payloadTypes: [UInt8]
  /// `nil` = no retransmissions. Its SSRC is learned when the answer does not say.
  var retransmission: (ssrc: SSRC?, payloadType: UInt8)?
  var usesNACK: Bool
}

/// What signaling found out: enough to connect and to send.
struct EndpointPlan: Sendable {
  var id: EndpointID
  /// Which group of participants it counts to.
  var cohort: Int
  var local: ICECredentials
  var remote: ICECredentials
  var fingerprints: [CertificateFingerprint]
  /// Where to send checks, the best first.
  var candidates: [TransportAddress]
  var extensions: HeaderExtensionMap
  var outbound: [OutboundPlan]
  var inbound: [InboundPlan]
}

/// How far an endpoint has come.
enum EndpointPhase: String, Sendable, CaseIterable {
  /// The first check was answered and nominated.
  case ice
  case dtls
  case firstPacket
  case firstKeyframe
}

/// Why an endpoint did not work or does not any more.
enum EndpointFailure: String, Sendable, CaseIterable {
  case socket, iceTimeout, dtlsFailed, consentLost, closedByServer
}

enum EndpointEvent: Sendable {
  case reached(EndpointID, EndpointPhase, at: MediaInstant)
  case failed(EndpointID, EndpointFailure)
}
