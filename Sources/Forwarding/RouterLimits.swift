public import Wire

/// The bounds of a `Router`.
public struct RouterLimits: Hashable, Sendable {
  public var publications: Int
  public var subscriptions: Int
  /// Viewers of one publication.
  public var subscribersPerPublication: Int
  /// Packets kept of a publication for retransmission; powers of two.
  public var videoHistory: Int
  public var audioHistory: Int
  /// How long, for each viewer.
  public var retransmissions: RetransmissionWindow.Limits
  /// With fewer free slots in the arena than this, histories give back more than they take.
  public var arenaReserve: Int
  /// Times one packet is sent again to one viewer.
  public var resends: UInt8
  /// A packet is sent again to one viewer not sooner than a round trip, and not sooner than this.
  public var minimumResendInterval: MediaDuration
  /// Retransmissions to one viewer: each packet sent earns one, so many may be saved up.
  public var retransmissionCredit: Int32
  /// A viewer that begins gets what came since the last keyframe, if that is no older than this.
  public var openingAge: MediaDuration
  /// How long an encoder takes to follow a path that has become narrow: until then nothing is asked for.
  public var narrowPause = MediaDuration.milliseconds(600)
  public var nack: NACKGenerator.Limits
  public var keyframes: KeyframeArbiter.Limits

  public init(
    publications: Int = 512, subscriptions: Int = 4096, subscribersPerPublication: Int = 64,
    videoHistory: Int = 512, audioHistory: Int = 128,
    retransmissions: RetransmissionWindow.Limits = RetransmissionWindow.Limits(),
    arenaReserve: Int = 512, resends: UInt8 = 10,
    minimumResendInterval: MediaDuration = .milliseconds(10), retransmissionCredit: Int32 = 128,
    openingAge: MediaDuration = .milliseconds(300),
    nack: NACKGenerator.Limits = NACKGenerator.Limits(),
    keyframes: KeyframeArbiter.Limits = KeyframeArbiter.Limits()
  ) {
    self.publications = publications
    self.subscriptions = subscriptions
    self.subscribersPerPublication = subscribersPerPublication
    self.videoHistory = videoHistory
    self.audioHistory = audioHistory
    self.retransmissions = retransmissions
    self.arenaReserve = arenaReserve
    self.resends = resends
    self.minimumResendInterval = minimumResendInterval
    self.retransmissionCredit = retransmissionCredit
    self.openingAge = openingAge
    self.nack = nack
    self.keyframes = keyframes
  }
}

public enum RouterError: Error, Hashable, Sendable {
  /// A table of `RouterLimits` is full.
  case full
  case unknownPublication
  case unknownSubscription
  /// An audio subscription cannot carry a video publication, nor the reverse.
  case kindMismatch
}
