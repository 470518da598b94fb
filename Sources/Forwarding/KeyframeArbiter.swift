public import Wire

/// Decides when a publisher is asked for a keyframe (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104
/// section 4.3.1): the requests of all viewers are one question, which is repeated until the keyframe
/// arrives. The first few questions are asked at once; in the long run they are held apart.
public struct KeyframeArbiter: Sendable {
  public struct Limits: Hashable, Sendable {
    /// Questions that may follow each other quickly...
    public var burst: Int
    /// ...and after how long there is another one: the rate of a storm.
    public var creditInterval: MediaDuration
    /// Between any two questions: what arrives within a frame or two makes one keyframe anyway.
    public var minimumInterval: MediaDuration
    /// Encoders of browsers ignore a question so soon after one that they answered.
    public var encoderPause: MediaDuration
    /// After this long without a keyframe the question is repeated; doubled each time...
    public var repeatInterval: MediaDuration
    /// ...up to this.
    public var maximumRepeatInterval: MediaDuration
    /// A viewer's request so soon after a keyframe was made before it arrived there.
    public var staleRequest: MediaDuration

    public init(
      burst: Int = 3,
      creditInterval: MediaDuration = .milliseconds(400),
      minimumInterval: MediaDuration = .milliseconds(60),
      encoderPause: MediaDuration = .milliseconds(300),
      repeatInterval: MediaDuration = .milliseconds(300),
      maximumRepeatInterval: MediaDuration = .milliseconds(1000),
      staleRequest: MediaDuration = .milliseconds(100)
    ) {
      self.burst = burst
      self.creditInterval = creditInterval
      self.minimumInterval = minimumInterval
      self.encoderPause = encoderPause
      self.repeatInterval = repeatInterval
      self.maximumRepeatInterval = maximumRepeatInterval
      self.staleRequest = staleRequest
    }
  }

  public enum Reason: Sendable {
    /// A viewer begins, or its subscription was switched: no keyframe that came before helps it.
    case freshViewer
    /// A viewer lost its picture.
    case viewerFeedback
    /// A gap that cannot be repaired, a publisher that restarted.
    case brokenStream
  }

  public let limits: Limits
  /// When `poll` wants to ask; `nil` while no keyframe is wanted.
  public private(set) var nextDeadline: MediaInstant?
  public private(set) var lastKeyframe: MediaInstant?
  /// Counts questions that are not repetitions, as FIR numbers them.
  public private(set) var commandSequence: UInt8 = 0

  private var lastAsked: MediaInstant?
  /// When the question was asked that the last keyframe answered.
  private var lastAnswered: MediaInstant?
  /// How long the answer to the last question may take.
  private var patience: MediaDuration
  /// All credit is there again at this instant (as ITU-T I.371 schedules virtually).
  private var creditIsFull: MediaInstant?
  private var attempts: Int64 = 0

  public init(limits: Limits) {
    self.limits = limits
    patience = limits.repeatInterval
  }

  public var isWaiting: Bool { nextDeadline != nil }

  public mutating func request(_ reason: Reason, now: MediaInstant) {
    if let nextDeadline {
      // The question is out already; who comes fresh does not wait for a slow repetition of it.
      guard case .freshViewer = reason else { return }
      let soonest = max(soonestQuestion(now), lastAsked.map { $0 + patience } ?? now)
      if soonest < nextDeadline {
        self.nextDeadline = soonest
        attempts = 0
      }
      return
    }
    if case .viewerFeedback = reason, let lastKeyframe, now - lastKeyframe < limits.staleRequest {
      return
    }
    attempts = 0
    commandSequence &+= 1
    nextDeadline = soonestQuestion(now)
  }

  public mutating func keyframeArrived(now: MediaInstant) {
    lastKeyframe = now
    if isWaiting, let lastAsked { lastAnswered = lastAsked }
    nextDeadline = nil
    attempts = 0
  }

  /// Nobody waits any more.
  public mutating func cancel() {
    nextDeadline = nil
    attempts = 0
  }

  /// - Returns: whether to ask now.
  public mutating func poll(now: MediaInstant, roundTrip: MediaDuration?) -> Bool {
    guard let due = nextDeadline, due <= now else { return false }
    lastAsked = now
    creditIsFull = max(creditIsFull ?? now, now) + limits.creditInterval
    // The answer takes a round trip and the time to encode; asking sooner only makes two keyframes.
    patience = max(limits.repeatInterval, (roundTrip ?? .zero) * 2)
    let longest = max(limits.maximumRepeatInterval, limits.repeatInterval)
    var next = now + min(patience * (1 << min(attempts, 3)), longest)
    if let lastAnswered, now - lastAnswered < limits.encoderPause {
      // Probably ignored: once more when the pause is over, unless the answer is under way.
      let again = max(
        lastAnswered + limits.encoderPause + .milliseconds(10),
        now + (roundTrip ?? .zero) + .milliseconds(50))
      next = min(next, again)
    }
    attempts &+= 1
    nextDeadline = max(next, soonestQuestion(now))
    return true
  }

  /// When the distance to the last question and the credit allow another one.
  private func soonestQuestion(_ now: MediaInstant) -> MediaInstant {
    var soonest = now
    if let lastAsked { soonest = max(soonest, lastAsked + limits.minimumInterval) }
    if let creditIsFull {
      let spare = limits.creditInterval * Int64(max(0, limits.burst - 1))
      soonest = max(soonest, creditIsFull - spare)
    }
    return soonest
  }
}
