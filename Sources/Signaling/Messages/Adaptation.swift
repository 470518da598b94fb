/// What of a publication a viewer gets, since the viewer's path carries less than all: told to the
/// viewer and to who publishes it (Docs/Protocol.md). Sound is never given up.
struct Adaptation: Equatable, Sendable, Encodable {
  var viewer: String
  /// Who publishes.
  var participant: String
  var publication: String
  var step: Step
  var reason: Reason

  enum Step: String, Sendable, Encodable {
    case full
    case fewerFrames = "fewer-frames"
    case lowerLayer = "lower-layer"
    /// Both.
    case lowest
    case videoOff = "video-off"
    case audioOnly = "audio-only"
  }

  enum Reason: String, Sendable, Encodable {
    case bandwidth, loss, silence, recovered
    /// Not the viewer's path but the publisher's own, which is `viewer` then.
    case uplink
  }

  /// It is over.
  var ended: Adaptation {
    var ended = self
    ended.step = .full
    ended.reason = .recovered
    return ended
  }
}
