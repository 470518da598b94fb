public import Wire

/// What the router must know of a publication.
public struct PublicationSettings: Sendable {
  public var kind: MediaKind
  public var payloads: [PayloadBinding]
  /// The publisher's header extension ids.
  public var extensions: HeaderExtensionMap
  /// The publisher answers NACK.
  public var answersNACK: Bool
  /// The publisher answers PLI or FIR.
  public var answersKeyframeRequests: Bool
  public var muted: Bool

  public init(
    kind: MediaKind, payloads: [PayloadBinding], extensions: HeaderExtensionMap, answersNACK: Bool,
    answersKeyframeRequests: Bool, muted: Bool
  ) {
    self.kind = kind
    self.payloads = payloads
    self.extensions = extensions
    self.answersNACK = answersNACK
    self.answersKeyframeRequests = answersKeyframeRequests
    self.muted = muted
  }
}

public struct PublicationCounters: Hashable, Sendable {
  /// Taken in: by their own way or as retransmissions; duplicates and what was muted not counted.
  public var packets: UInt64 = 0
  /// Of payload.
  public var octets: UInt64 = 0
  /// The same by temporal layer of VP8; what has none is in the first.
  public var octetsByLayer = SIMD4<UInt64>(repeating: 0)
  public var retransmissions: UInt64 = 0
  public var duplicates: UInt64 = 0
  /// Lost on the way, but found as a redundant block (RFC 2198) of a later packet.
  public var foundInLater: UInt64 = 0
  /// Not what their payload type says: left out.
  public var malformed: UInt64 = 0
  public var muted: UInt64 = 0
  public var keyframes: UInt64 = 0
  /// Packets that the publisher was asked to send again.
  public var nacked: UInt64 = 0
  public var keyframeRequests: UInt64 = 0
  public var restarts: UInt64 = 0

  public init() {}
}
