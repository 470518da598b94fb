/// One peer connection (one ICE and DTLS association) on a worker. Given by the signaling side,
/// never reused.
public struct PeerID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One track that a peer sends to us.
public struct PublicationID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One track that we send to a peer: an m= section with an SSRC of ours. What it carries may
/// change (`WorkerCommand.bindSubscription`), its RTP stream stays continuous.
public struct SubscriptionID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}
