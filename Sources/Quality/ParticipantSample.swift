public import Wire

/// What about a second of one participant looked like: all that it sent us, all that we sent it, and
/// what its own device tells. What is unknown is `nil`, and decides nothing.
public struct ParticipantSample: Hashable, Sendable {
  public var at: MediaInstant
  /// What `sources` and `downlink` cover.
  public var span: MediaDuration
  /// Authenticated checks arrive.
  public var isConnected: Bool
  public var roundTrip: MediaDuration?
  /// Of the connection that it sends on and of that which it receives on, where there are two.
  public var uplinkRoundTrip: MediaDuration?
  public var downlinkRoundTrip: MediaDuration?
  /// What it sends.
  public var sources: [SourceSample] = []
  /// The way to it; `nil` while we send it nothing.
  public var downlink: DownlinkSample?
  /// What its device says of what it receives; about its last five seconds.
  public var playout: PlayoutSample?
  /// How far its picture was ahead of its sound as they came to us; below zero: behind. `nil` where its
  /// sender reports do not tell.
  public var arrivalSkew: MediaDuration?
  /// Its page sends no pictures, since its way to us carries none.
  public var isUplinkTooNarrow = false
  /// `nil`: it has no connection of signaling.
  public var signs: SignsOfLife?
  /// Our own machine dropped or delayed packets: what is missing now tells nothing of networks.
  public var isNodeOverloaded = false

  public init(at: MediaInstant, span: MediaDuration, isConnected: Bool) {
    self.at = at
    self.span = span
    self.isConnected = isConnected
  }
}

/// What the connection of signaling, which is another than that of media, tells of who is behind it.
public struct SignsOfLife: Hashable, Sendable {
  /// When its device last answered, which browsers do even while the page stands still.
  public var answered: MediaInstant?
  /// When its page last said something, which it does every five seconds.
  public var spoke: MediaInstant?

  public init(answered: MediaInstant? = nil, spoke: MediaInstant? = nil) {
    self.answered = answered
    self.spoke = spoke
  }
}

/// One track on its way to us.
public struct SourceSample: Hashable, Sendable {
  public enum Source: String, Hashable, Sendable, CaseIterable {
    case microphone, camera, screen
  }

  public var source: Source
  public var isMuted: Bool
  /// Packets that came by their own way, and those that should have and did not; below zero when more
  /// of those came late than were missed.
  public var packets: Int
  public var lost: Int
  /// Of those lost, got by other means: sent again, or found in later ones.
  public var repaired: Int
  /// Of payload.
  public var octets: Int
  public var jitter: MediaDuration
  /// How much longer than the shortest of a second packets took on average.
  public var spread: MediaDuration = .zero
  /// How long packets stand in queues on the way, above the shortest of late.
  public var queue: MediaDuration = .zero
  /// Of pictures.
  public var frames = 0
  /// Time without a new picture, where one was due.
  public var frozen: MediaDuration = .zero
  /// RFC 6464; `nil` when packets carry none.
  public var levels: LevelSample?
  /// Of a microphone that is decoded: goes before what packets say of clipping.
  public var heard: HeardSample?
  /// What the sender's device says: what holds its encoder back.
  public var limitation: EncoderLimitation?
  /// What we ask its encoder to keep to, bits/s.
  public var cap: Int?

  public init(
    source: Source, isMuted: Bool = false, packets: Int, lost: Int = 0, repaired: Int = 0,
    octets: Int, jitter: MediaDuration = .zero
  ) {
    self.source = source
    self.isMuted = isMuted
    self.packets = packets
    self.lost = lost
    self.repaired = repaired
    self.octets = octets
    self.jitter = jitter
  }
}

/// `qualityLimitationReason` of webrtc-stats.
public enum EncoderLimitation: String, Hashable, Sendable, CaseIterable {
  case none, cpu, bandwidth, other
}

/// Audio levels (RFC 6464) of some packets.
public struct LevelSample: Hashable, Sendable {
  public var packets: Int
  /// Mean level, -127...0 dBov.
  public var mean: Double
  /// Packets of digital silence.
  public var silent: Int
  /// Packets so loud that they must be clipped.
  public var saturated: Int

  public init(packets: Int, mean: Double, silent: Int, saturated: Int) {
    self.packets = packets
    self.mean = mean
    self.silent = silent
    self.saturated = saturated
  }
}

/// What we sent to one participant.
public struct DownlinkSample: Hashable, Sendable {
  public var packets: Int
  /// Of payload.
  public var octets: Int
  /// Packets that the receiver says it did not get, of those that it spoke of; below zero when it takes
  /// more back than it says anew.
  public var lost: Int
  public var reported: Int
  /// Sent again.
  public var retransmissions = 0
  /// As the receiver reports it, without what came to us so already.
  public var jitter: MediaDuration = .zero
  /// How much longer than the shortest of a second sound took on average.
  public var spread: MediaDuration = .zero
  /// How long packets stand in queues on the way to it.
  public var queue: MediaDuration = .zero
  /// Pictures were given up so that sound goes on.
  public var isAudioOnly = false
  /// Something less was given up.
  public var isReduced = false

  public init(packets: Int, octets: Int, lost: Int, reported: Int) {
    self.packets = packets
    self.octets = octets
    self.lost = lost
    self.reported = reported
  }
}

/// What a device says of what it plays. Trusted for nothing but quality.
public struct PlayoutSample: Hashable, Sendable {
  /// Share of the time that a picture stood still, 0...1.
  public var frozen: Double?
  /// Decoded frames a second.
  public var frameRate: Double?
  /// Share of samples that were made up for what did not come in time, 0...1.
  public var concealed: Double?
  /// Of sound, from arrival to ear.
  public var bufferDelay: MediaDuration?

  public init(
    frozen: Double? = nil, frameRate: Double? = nil, concealed: Double? = nil,
    bufferDelay: MediaDuration? = nil
  ) {
    self.frozen = frozen
    self.frameRate = frameRate
    self.concealed = concealed
    self.bufferDelay = bufferDelay
  }
}
