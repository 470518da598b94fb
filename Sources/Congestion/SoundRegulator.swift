public import Wire

/// Decides how dear the sound towards one viewer may be, so that it never has to be given up: redundancy
/// goes first, unless loss needs it and it fits, then the bitrate, then the short packets. A pure state
/// machine.
///
/// Down when it has been needed for a second, or at once when what runs does not fit at all. Up when
/// there has been room with a fifth to spare for four seconds. An estimate cannot rise beyond what is
/// sent, and little is: below, and all the way up where there is no picture, the next step up is tried for
/// its own sake while nothing is wrong, after four seconds, and later each time it had to be taken back.
public struct SoundRegulator: Sendable {
  public struct Settings: Hashable, Sendable {
    /// A path with a picture that carries less than this has no room for what is dear, bits/s.
    public var ampleEstimate = 350_000
    /// Kept for a picture while there is one, bits/s.
    public var picture = 150_000
    /// Loss from which on redundancy is worth its price on a path that is not wide, 0...1. At half of
    /// it no more.
    public var lossy = 0.04
    public var spare = 1.2
    public var downAfter = MediaDuration.milliseconds(1000)
    public var upAfter = MediaDuration.seconds(4)
    /// A step up that is taken back within this time was wrong.
    public var relapse = MediaDuration.seconds(10)
    public var longestWait = MediaDuration.seconds(60)

    public init() {}
  }

  private let settings: Settings
  public private(set) var budget = SoundBudget()
  private var isLossy = false
  private var since: MediaInstant?
  private var wanted = SoundBudget()
  private var tryWait: MediaDuration
  private var trySince: MediaInstant?
  private var lastTry: MediaInstant?

  /// Tried without an estimate that says so; those from `firstDear` on only without a picture, whose
  /// probes would find the room that there is.
  private static let tries = [
    SoundBudget(rate: .least, redundancy: false), SoundBudget(rate: .least, redundancy: true),
    SoundBudget(rate: .lean, redundancy: false), SoundBudget(rate: .ample, redundancy: false),
    SoundBudget(rate: .ample, redundancy: true),
  ]
  private static let firstDear = 3

  public init(settings: Settings = Settings()) {
    self.settings = settings
    tryWait = settings.upAfter
  }

  /// - Parameters:
  ///   - estimate: of the viewer, bits/s.
  ///   - loss: share of packets, 0...1.
  ///   - voices: tracks of sound that it listens to.
  ///   - hasPicture: there is some picture to see, sent or not.
  ///   - isUntroubled: no queue, no over-use, no loss beyond the path's nature.
  /// - Returns: whether the budget has changed.
  public mutating func update(
    estimate: Int, loss: Double, voices: Int, hasPicture: Bool, isUntroubled: Bool,
    at now: MediaInstant
  ) -> Bool {
    isLossy = loss >= (isLossy ? settings.lossy / 2 : settings.lossy)
    let present = best(Double(max(estimate, 0)), voices, hasPicture)
    let spared = best(Double(max(estimate, 0)) / settings.spare, voices, hasPicture)
    var target = present.cost < budget.cost ? present : spared.cost > budget.cost ? spared : budget
    let tries = Self.tries[..<(hasPicture ? Self.firstDear : Self.tries.count)]
    let place = tries.firstIndex(of: budget)
    // What runs without a queue fits.
    if isUntroubled, place != nil, target.cost < budget.cost { target = budget }
    guard target != budget else {
      since = nil
      return isUntroubled && place.map { tryNext(after: $0, of: tries, at: now) } ?? false
    }
    trySince = nil
    let isFall = target.cost < budget.cost
    if since == nil || (wanted.cost < budget.cost) != isFall { since = now }
    wanted = target
    let isSevere = isFall && budget.cost * max(voices, 1) > estimate
    let patience = isFall ? settings.downAfter : settings.upAfter
    guard isSevere || now - (since ?? now) >= patience else { return false }
    since = nil
    budget = target
    if let lastTry, isFall {
      tryWait =
        now - lastTry < settings.relapse
        ? min(tryWait * 2, settings.longestWait) : settings.upAfter
      self.lastTry = nil
    }
    return true
  }

  private mutating func tryNext(
    after place: Int, of tries: ArraySlice<SoundBudget>, at now: MediaInstant
  ) -> Bool {
    guard place + 1 < tries.endIndex else { return false }
    let since = trySince ?? now
    trySince = since
    guard now - since >= tryWait else { return false }
    trySince = nil
    lastTry = now
    budget = tries[place + 1]
    return true
  }

  /// The dearest that fits.
  private func best(_ estimate: Double, _ voices: Int, _ hasPicture: Bool) -> SoundBudget {
    let voices = Double(max(voices, 1))
    func fits(_ budget: SoundBudget, beside picture: Double = 0) -> Bool {
      Double(budget.cost) * voices + picture <= estimate
    }
    let picture = hasPicture ? Double(settings.picture) : estimate * 0.2
    if !hasPicture || estimate >= Double(settings.ampleEstimate) {
      for redundancy in [true, false]
      where fits(SoundBudget(rate: .ample, redundancy: redundancy), beside: picture) {
        return SoundBudget(rate: .ample, redundancy: redundancy)
      }
    }
    if isLossy {
      for rate in [SoundRate.lean, .least] where fits(SoundBudget(rate: rate, redundancy: true)) {
        return SoundBudget(rate: rate, redundancy: true)
      }
    }
    if fits(SoundBudget(rate: .lean, redundancy: false)) {
      return SoundBudget(rate: .lean, redundancy: false)
    }
    return SoundBudget(rate: .least, redundancy: false)
  }
}
