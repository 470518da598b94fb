public import Wire

/// What a viewer gets as the path narrows: an ordered ladder with sound at its foot. A pure state machine: the
/// owner asks for costs, estimate and time, and acts on the change.
///
/// Going down: to the highest step that fits, when the one that runs has not fitted for half a second,
/// or at once when less than 0.6 of its need is there. Going up: one step at a time, when the step
/// above would have fitted with a quarter to spare for three seconds; a step that had to be left again
/// within ten seconds is tried again only after twice the wait, up to a minute. So a path between two
/// steps does not make the picture come and go. What was left because nothing was heard of the path at
/// all comes back as soon as it fits: a tunnel says nothing of what the path carries after it.
public struct AudioFirstLadder: Sendable {
  public struct Settings: Hashable, Sendable {
    /// Kept for sound before any picture, bits/s: intelligible at 20 % loss.
    public var audioReserve = 40_000
    public var downAfter = MediaDuration.milliseconds(500)
    /// Share of the need below which there is no waiting.
    public var severe = 0.6
    public var upAfter = MediaDuration.seconds(3)
    public var upAfterSilence = MediaDuration.milliseconds(100)
    public var spare = 1.25
    public var relapse = MediaDuration.seconds(10)
    public var longestWait = MediaDuration.seconds(60)
    /// Loss, beyond what is the path's nature or in all, above which pictures are broken more than
    /// seen: 0...1.
    public var hopelessLoss = 0.35
    /// `audioOnly` begins below this multiple of the audio reserve.
    public var soundAlone = 1.2

    public init() {}
  }

  public struct Change: Hashable, Sendable {
    public var from: LadderStep
    public var to: LadderStep
    public var reason: LadderReason

    public init(from: LadderStep, to: LadderStep, reason: LadderReason) {
      self.from = from
      self.to = to
      self.reason = reason
    }
  }

  private let settings: Settings
  public private(set) var step: LadderStep
  /// Of the last move.
  public private(set) var reason = LadderReason.recovered
  public var priority: LadderPriority
  private var unfitSince: MediaInstant?
  private var fitSince: MediaInstant?
  private var wait: MediaDuration
  private var lastUp: MediaInstant?
  /// The step that silence took away.
  private var beforeSilence: LadderStep?

  public init(
    settings: Settings = Settings(), priority: LadderPriority = .motion, step: LadderStep = .full
  ) {
    self.settings = settings
    self.priority = priority
    self.step = step
    wait = settings.upAfter
  }

  public var picture: LadderPicture? { LadderPicture(step, priority: priority) }

  /// Detail was asked for and its sharpness is not there: the picture carries a mark.
  public var isBelowDetail: Bool { priority == .detail && picture?.isLowerLayer == true }

  /// - Parameters:
  ///   - estimate: of the viewer, bits/s.
  ///   - loss: share of packets, 0...1.
  ///   - isSilent: nothing is heard of what is sent.
  ///   - needs: what each step takes at the least.
  /// - Returns: the move, when there is one.
  public mutating func update(
    estimate: Int, loss: Double, isSilent: Bool = false, needs: LadderNeeds, at now: MediaInstant
  ) -> Change? {
    let video = Double(max(estimate, 0)) - Double(settings.audioReserve)
    let best = highest(fitting: video, loss: loss, estimate: estimate, needs)
    if let lastUp, now - lastUp > settings.relapse, wait > settings.upAfter, best <= step {
      // It held.
      wait = settings.upAfter
      self.lastUp = nil
    }
    if best > step {
      fitSince = nil
      return descend(to: best, video, loss, isSilent, needs, at: now)
    }
    unfitSince = nil
    return ascend(video, loss, estimate, needs, at: now)
  }

  private mutating func descend(
    to best: LadderStep, _ video: Double, _ loss: Double, _ isSilent: Bool, _ needs: LadderNeeds,
    at now: MediaInstant
  ) -> Change? {
    let since = unfitSince ?? now
    unfitSince = since
    let need = Double(needs[step] ?? needs.full)
    let isSevere = step.hasVideo && video < need * settings.severe
    guard isSevere || now - since >= settings.downAfter else { return nil }
    if let lastUp, now - lastUp <= settings.relapse {
      wait = min(wait * 2, settings.longestWait)
      self.lastUp = nil
    }
    unfitSince = nil
    let reason: LadderReason =
      isSilent ? .silence : loss >= settings.hopelessLoss ? .loss : .bandwidth
    beforeSilence = isSilent ? beforeSilence ?? step : nil
    return move(to: best, reason)
  }

  private mutating func ascend(
    _ video: Double, _ loss: Double, _ estimate: Int, _ needs: LadderNeeds, at now: MediaInstant
  ) -> Change? {
    guard let above = above(needs),
      highest(
        fitting: video / settings.spare, loss: loss * settings.spare,
        estimate: Int(Double(max(estimate, 0)) / settings.spare), needs) <= above
    else {
      fitSince = nil
      return nil
    }
    let since = fitSince ?? now
    fitSince = since
    let isBack = beforeSilence.map { above >= $0 } ?? false
    guard now - since >= (isBack ? settings.upAfterSilence : wait) else { return nil }
    fitSince = nil
    lastUp = now
    return move(to: above, .recovered)
  }

  private mutating func move(to new: LadderStep, _ reason: LadderReason) -> Change {
    let change = Change(from: step, to: new, reason: reason)
    step = new
    self.reason = reason
    return change
  }

  /// The next step up that exists.
  private func above(_ needs: LadderNeeds) -> LadderStep? {
    var candidate = step.up
    while let step = candidate, needs[step] == nil { candidate = step.up }
    return candidate
  }

  private func highest(
    fitting video: Double, loss: Double, estimate: Int, _ needs: LadderNeeds
  ) -> LadderStep {
    if loss < settings.hopelessLoss {
      if Double(needs.full) <= video { return .full }
      if let need = needs.reduced, Double(need) <= video { return .reduced }
      if let need = needs.lowest, Double(need) <= video { return .lowest }
    }
    let sound = Double(settings.audioReserve) * settings.soundAlone
    return Double(estimate) < sound ? .audioOnly : .videoOff
  }
}
