internal import Forwarding
internal import Wire

/// One of the encodings of a publication; without simulcast there is one. Each is a stream of its own
/// to the router: numbers, history, repair, keyframes.
final class Encoding {
  let handle: PublicationHandle
  /// Its name (RFC 8851), `nil` without simulcast.
  let rid: MediaIdentificationTag?
  let ridText: String
  /// When its source changed last.
  var lastSwitch: MediaInstant?
  var meter = RateMeter()
  /// Of its last keyframe.
  var frameSize: PictureSize?
  /// Packets come.
  var isLive: Bool { liveSince != nil }
  var liveSince: MediaInstant?
  /// The rate is that of pictures, not of the keyframe that they began with.
  var isSettled = false
  static let settling = MediaDuration.seconds(2)
  /// The publisher was told to send it.
  var isActive: Bool
  /// When a viewer got it or waited for it last.
  var neededAt: MediaInstant?

  init(handle: PublicationHandle, rid: String?, isActive: Bool) {
    self.handle = handle
    self.rid = rid.flatMap { MediaIdentificationTag($0) }
    ridText = rid ?? ""
    self.isActive = isActive
  }
}

/// Pixels.
public struct PictureSize: Hashable, Sendable {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// A picture may be drawn so much larger than it is before a larger one is worth its bits.
  static let stretch = 1.1

  /// Whether a picture of this size, fitted into `view`, is sharp there.
  func suffices(for view: PictureSize) -> Bool {
    let scale = min(
      Double(view.width) / Double(max(width, 1)), Double(view.height) / Double(max(height, 1)))
    return scale <= Self.stretch
  }
}
