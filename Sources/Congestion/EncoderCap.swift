public import Wire

/// What a publisher's encoder may produce when all depends on one viewer: two people and one
/// encoding, so that it fits the whole way without the cost of three. The owner tells it to the publisher by REMB
/// (draft-alvestrand-rmcat-remb-03), together with what sound takes.
///
/// A fall of the viewer's estimate is passed on at once; a rise only when it has lasted, and in
/// steps of at most twice the rate, because each change costs the encoder quality and the estimate
/// swings around the capacity. A pure state machine.
public struct EncoderCap: Sendable {
  public struct Settings: Hashable, Sendable {
    /// Below this no picture is worth sending; the ladder turns it off instead. bits/s
    public var floor = 120_000
    public var ceiling = 2_500_000
    /// Kept of the estimate for sound.
    public var audioReserve = 40_000
    /// Share of the rest that the encoder gets: retransmissions need some.
    public var share = 0.92
    /// A change that is worth telling.
    public var notableFall = 0.04
    public var notableRise = 0.08
    /// How long a rise must last.
    public var patience = MediaDuration.milliseconds(1000)
    /// Largest step up, and the least time between two.
    public var step = 2.0
    public var stepInterval = MediaDuration.milliseconds(800)
    /// How long an encoder may take to follow a rise.
    public var following = MediaDuration.seconds(2)
    /// The cap is told again, in case it was lost.
    public var repetition = MediaDuration.seconds(2)

    public init() {}
  }

  private let settings: Settings
  /// bits/s of video
  public private(set) var cap: Int
  /// The estimate does not carry the floor.
  public private(set) var isBelowFloor = false
  private var riseSince: MediaInstant?
  private var lastRise: MediaInstant?
  private var lastTold: MediaInstant?
  /// The cap before the first of the rises that follow on each other.
  private var followed: Int

  /// - Parameter start: what the encoder is allowed before the viewer's path is known, bits/s.
  public init(settings: Settings = Settings(), start: Int = 300_000) {
    self.settings = settings
    cap = min(max(start, settings.floor), max(settings.ceiling, settings.floor))
    followed = cap
  }

  /// What the encoder has had time to follow, bits/s: one that is still on its way up uses little of the
  /// cap, and would use more.
  public func followed(at now: MediaInstant) -> Int {
    guard let lastRise, now - lastRise < settings.following else { return cap }
    return min(followed, cap)
  }

  /// When `update` should be called again without news.
  public var nextDeadline: MediaInstant? { lastTold.map { $0 + settings.repetition } }

  /// - Parameter estimate: of the viewer, bits/s.
  /// - Returns: the cap when it is to be told now, bits/s of video.
  public mutating func update(estimate: Int, at now: MediaInstant) -> Int? {
    let rest = Double(max(estimate, 0)) - Double(settings.audioReserve)
    let available = max(rest, 0) * settings.share
    let floor = Double(settings.floor)
    isBelowFloor = available < floor
    let target = min(max(available, floor), max(Double(settings.ceiling), floor))
    let current = Double(cap)
    if target < current * (1 - settings.notableFall) || target == floor && target < current {
      riseSince = nil
      return tell(target, at: now)
    }
    let isRise =
      target > current * (1 + settings.notableRise)
      || target == Double(settings.ceiling) && target > current
    guard isRise else {
      riseSince = nil
      return repeated(at: now)
    }
    let since = riseSince ?? now
    riseSince = since
    guard now - since >= settings.patience else { return repeated(at: now) }
    if let lastRise, now - lastRise < settings.stepInterval { return repeated(at: now) }
    followed = followed(at: now)
    lastRise = now
    return tell(min(target, current * settings.step), at: now)
  }

  private mutating func tell(_ rate: Double, at now: MediaInstant) -> Int {
    cap = Int(min(rate, 1e12))
    lastTold = now
    return cap
  }

  private mutating func repeated(at now: MediaInstant) -> Int? {
    if let lastTold, now - lastTold < settings.repetition { return nil }
    lastTold = now
    return cap
  }
}
