public import Forwarding
public import Wire

/// The numbers of a worker at one moment. Counts are cumulative.
public struct WorkerStatistics: Hashable, Sendable {
  public var counters: WorkerCounters
  public var arenaSlots: Int
  public var arenaFree: Int
  /// Times that no slot was free.
  public var arenaRefused: UInt64
  public var peers: [PeerStatistics]
  public var publications: [PublicationStatistics]
  public var subscriptions: [SubscriptionStatistics]
}

public struct PeerStatistics: Hashable, Sendable {
  public var id: PeerID
  public var isConnected: Bool
  /// There and back, whichever way media goes.
  public var roundTrip: MediaDuration?
  /// Of two connections of one participant, which it sends on and which it receives on.
  public var sends = false
  public var receives = false
  /// Packets sent to it that it spoke of (transport-wide feedback), and those of them that it did not get.
  public var reported: UInt64 = 0
  public var reportedLost: UInt64 = 0
  /// Of both, packets of sound.
  public var reportedSound: UInt64 = 0
  public var reportedSoundLost: UInt64 = 0
  /// Sound is sent again as it was, under the same number: what is told of it hides losses.
  public var repeatsSound = false
  /// How long packets stand in queues on the way to it.
  public var queue = MediaDuration.zero
  /// How much longer than the shortest packets of sound took on average over a second, where pictures go, too.
  public var spread = MediaDuration.zero
  /// bits/s that the way to it carries; `nil` while that is not known.
  public var estimate: Int?
  /// Pictures are given up, or less than all is sent.
  public var isAudioOnly = false
  public var isReduced = false
}

/// A track that a peer sends us.
public struct PublicationStatistics: Hashable, Sendable {
  public var id: PublicationID
  public var peer: PeerID
  public var kind: MediaKind
  /// That was agreed on first.
  public var codec: MediaCodec?
  public var isMuted: Bool
  public var packets: UInt64
  /// Of payload.
  public var octets: UInt64
  /// Packets that never came by their own way; those that came as retransmissions are among them.
  public var lost: Int64
  public var jitter: MediaDuration
  /// Retransmissions that arrived.
  public var retransmissions: UInt64
  /// Packets that we asked for again; of them got, and given up.
  public var nacked: UInt64
  public var recovered: UInt64
  public var abandoned: UInt64
  public var keyframes: UInt64
  public var keyframeRequests: UInt64
  /// Dropped because the publication was muted.
  public var mutedPackets: UInt64
  public var subscribers: Int
  /// Got in redundant blocks of later packets.
  public var foundInLater: UInt64
  /// How losses lie.
  public var losses: BurstGapCounts
  /// How long packets stand in queues on the way to us.
  public var queue: MediaDuration
  /// How much longer than the shortest packets took on average over a second.
  public var spread: MediaDuration
  /// Of each encoding: which of them run changes with what is wanted of them. Freezes that go on are
  /// counted until now.
  public var observations: [PublicationObservation]
  /// What its encoder is asked to keep to, bits/s; `nil`: it is not bounded by one viewer.
  public var cap: Int?
  /// How old what came last was as it came, off by the same unknown for all publications of a peer.
  public var lag: MediaDuration?
}

/// A track that we send to a peer.
public struct SubscriptionStatistics: Hashable, Sendable {
  public var id: SubscriptionID
  public var peer: PeerID
  public var publication: PublicationID?
  public var kind: MediaKind
  /// Retransmissions not counted.
  public var packets: UInt64
  /// Of payload.
  public var octets: UInt64
  public var retransmissions: UInt64
  /// Packets that the viewer asked for again; of them not sent again.
  public var nacked: UInt64
  public var unanswered: UInt64
  public var keyframeRequests: UInt64
  /// As the viewer reported; `nil` before its first report.
  public var lost: Int32?
  /// 0...1, of its last interval.
  public var fractionLost: Double?
  public var jitter: MediaDuration?
  /// RTP time that what it carries has now, by the sender's reports: of all that one peer publishes the
  /// same instant.
  public var rtpTime: UInt32?
}
