/// How long media passed between the two sides of an act, as the relay counted it: whole seconds.
public struct MediaTime: Hashable, Sendable {
  /// Something of the one was sent to the other, and the reverse.
  public var media: Int
  /// Pictures both ways.
  public var video: Int

  public init(media: Int, video: Int) {
    self.media = max(media, 0)
    self.video = min(max(video, 0), self.media)
  }

  public static let none = MediaTime(media: 0, video: 0)

  public static func + (a: MediaTime, b: MediaTime) -> MediaTime {
    MediaTime(media: a.media + b.media, video: a.video + b.video)
  }
}

/// When a consultation counts as an act. Who joined proves nothing: media that passed does.
public struct ActRule: Hashable, Sendable {
  public enum Outcome: String, CaseIterable, Hashable, Sendable {
    case notCompleted = "not-completed"
    /// Both parties had media for long enough.
    case completed
    /// And pictures both ways for as long, as reimbursement asks.
    case completedWithVideo = "completed-with-video"
  }

  public var seconds: Int

  public init(seconds: Int = 60) { self.seconds = max(1, seconds) }

  public func outcome(of time: MediaTime) -> Outcome {
    if time.video >= seconds { return .completedWithVideo }
    return time.media >= seconds ? .completed : .notCompleted
  }
}
