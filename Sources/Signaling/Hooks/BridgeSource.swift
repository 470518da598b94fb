public import MediaEngine
public import Transport
public import Wire

/// Who runs bridges to RTP, as signaling is given it.
public protocol BridgeSource: Sendable {
  /// Begins: from now on a stream goes to the remote address, silence until somebody is heard.
  ///
  /// - Parameter feed: takes what comes to the worker, Opus under the payload type of the wish; `nil`: what comes is left.
  func open(
    _ wish: BridgeWish, into feed: PacketFeed?
  ) throws(BridgeRefusal) -> any RunningBridge
}

/// What a bridge is to be.
public struct BridgeWish: Hashable, Sendable {
  public var remote: TransportAddress
  /// Of Opus, both ways.
  public var payloadType: UInt8
  /// Whether the mix is sent there.
  public var sends: Bool
  /// `nil`: plain RTP.
  public var keys: BridgeKeys?
  /// LUFS that each voice is brought nearer to; `nil`: as it is.
  public var loudness: Double?

  public init(
    remote: TransportAddress, payloadType: UInt8, sends: Bool, keys: BridgeKeys? = nil,
    loudness: Double? = nil
  ) {
    self.remote = remote
    self.payloadType = payloadType
    self.sends = sends
    self.keys = keys
    self.loudness = loudness
  }
}

/// Keys of SRTP that both sides were told, as those of SDES (RFC 4568).
public struct BridgeKeys: Hashable, Sendable {
  public var suite: SRTPProfile
  /// Key, then salt: of what goes out, and of what comes.
  public var outgoing: [UInt8]
  public var incoming: [UInt8]

  /// `nil` when a length is not that of the suite, or one key were for both ways: with counters of one key two streams
  /// would be encrypted alike.
  public init?(suite: SRTPProfile, outgoing: [UInt8], incoming: [UInt8]) {
    guard outgoing.prefix(suite.keyLength) != incoming.prefix(suite.keyLength),
      SRTPKeyingMaterial(profile: suite, local: outgoing, remote: incoming) != nil
    else { return nil }
    self.suite = suite
    self.outgoing = outgoing
    self.incoming = incoming
  }
}

/// A bridge, until it is ended.
public protocol RunningBridge: Sendable {
  /// Where the remote address sends to.
  var local: TransportAddress { get }
  /// Who is heard from now on.
  func hear(_ sources: [BridgeVoice])
  var figures: BridgeFigures { get }
  /// Nothing is sent or taken any more within milliseconds.
  func end()
}

public struct BridgeVoice: Sendable {
  public var tap: PacketTap
  /// Payload types of the publisher.
  public var bindings: [PayloadBinding]
}

/// What a bridge has done since it began, in packets.
public struct BridgeFigures: Hashable, Sendable, Encodable {
  public var sent: UInt64
  /// Went on to others.
  public var received: UInt64
  /// Were none of the stream that was agreed, or not genuine.
  public var refused: UInt64
  /// Came faster than sound does.
  public var excess: UInt64
  /// Came from another address.
  public var strange: UInt64
  /// Of those who are heard, which the mix was too slow for.
  public var dropped: UInt64

  public init(
    sent: UInt64, received: UInt64, refused: UInt64, excess: UInt64, strange: UInt64,
    dropped: UInt64
  ) {
    self.sent = sent
    self.received = received
    self.refused = refused
    self.excess = excess
    self.strange = strange
    self.dropped = dropped
  }
}

public enum BridgeRefusal: String, Error, Hashable, Sendable {
  /// The setting does not permit the remote address.
  case address
  /// As many run as may.
  case busy
  /// No port was free, or no way leads there.
  case network
}
