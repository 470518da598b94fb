public import Transport
public import Wire

/// The bounds and times of a worker. Every default serves a machine of one small hospital.
public struct WorkerConfiguration: Hashable, Sendable {
  /// Packets that exist at once on the worker, histories included: 1664 octets each, touched on
  /// first use.
  public var arenaSlots = 32_768
  /// Free slots that histories leave to the packets under way.
  public var arenaReserve = 1024

  public var maximumPeers = 1024
  public var maximumPublications = 2048
  public var maximumSubscriptions = 8192
  public var publicationsPerPeer = 16
  public var subscriptionsPerPeer = 128
  public var subscribersPerPublication = 64
  /// SSRCs that a peer may send from, declared and learned.
  public var sourcesPerPeer = 32

  /// What encrypts and decrypts media.
  public var srtpEngine = SRTPEngine.default

  /// Packets kept of a publication for retransmission; powers of two.
  public var videoHistory = 512
  public var audioHistory = 128
  /// How long they are kept at most; how long they are depends on the round trips to the viewers.
  public var historyAge = MediaDuration.milliseconds(1500)

  /// From `addPeer` to the first authenticated check.
  public var iceTimeout = MediaDuration.seconds(30)
  /// From the first check to the end of the handshake.
  public var dtlsTimeout = MediaDuration.seconds(20)
  /// Without a check for this long a peer is disconnected.
  public var consentTimeout = MediaDuration.seconds(10)
  /// A disconnected peer is kept for this further span.
  public var peerTimeout = MediaDuration.seconds(60)

  /// DTLS datagrams that wait for their turn, of all peers and of one.
  public var handshakeQueue = 256
  public var handshakesPerPeer = 8
  /// DTLS datagrams taken in one turn: each may cost half a millisecond.
  public var handshakesPerTurn = 4

  /// Between two reports to a peer, on average.
  public var reportInterval = MediaDuration.seconds(1)
  /// The same while a video publication of the peer loses packets.
  public var fastReportInterval = MediaDuration.milliseconds(250)
  /// Most that an encoder is allowed, bits a second for each video publication: told in REMB to
  /// publishers that negotiated it, less where no viewer can get as much.
  public var videoBitrateCap: UInt64 = 2_500_000
  /// What a viewer's path is taken to carry when its first feedback arrives, bits a second.
  public var startBitrate = 1_500_000

  public init() {}
}
