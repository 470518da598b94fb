public import Wire

/// Decides when a publisher is asked for a keyframe (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104
/// section 4.3.1): the requests of all viewers are one, they are held apart, and the question is
/// repeated until the keyframe arrives.
public struct KeyframeArbiter: Sendable {
  public struct Limits: Hashable, Sendable {
    /// Between two questions, whoever wants them.
    public var minimumInterval: MediaDuration
    /// After this long without a keyframe the question is repeated; doubled each time...
    public var repeatInterval: MediaDuration
    /// ...up to this.
    public var maximumRepeatInterval: MediaDuration
    /// A viewer's request so soon after a keyframe was made before it arrived there.
    public var staleRequest: MediaDuration

    public init(
      minimumInterval: MediaDuration = .milliseconds(300),
      repeatInterval: MediaDuration = .milliseconds(300),
      maximumRepeatInterval: MediaDuration = .milliseconds(1000),
      staleRequest: MediaDuration = .milliseconds(100)
    ) {
      self.minimumInterval = minimumInterval
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
  private var attempts: Int64 = 0

  public init(limits: Limits) { self.limits = limits }

  public var isWaiting: Bool { nextDeadline != nil }

  public mutating func request(_ reason: Reason, now: MediaInstant) {
    let soonest = max(now, lastAsked.map { $0 + limits.minimumInterval } ?? now)
    if let nextDeadline {
      // The question is out already; who comes fresh does not wait for a slow repetition of it.
      if case .freshViewer = reason, soonest < nextDeadline {
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
    nextDeadline = soonest
  }

  public mutating func keyframeArrived(now: MediaInstant) {
    lastKeyframe = now
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
    // The answer takes a round trip and the time to encode; asking sooner only makes two keyframes.
    var interval = max(limits.repeatInterval, (roundTrip ?? .zero) * 2)
    interval = interval * (1 << min(attempts, 3))
    attempts &+= 1
    nextDeadline = now + min(interval, max(limits.maximumRepeatInterval, limits.repeatInterval))
    return true
  }
}
