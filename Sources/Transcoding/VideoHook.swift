/// What is done with the pictures of one publication, away from the relay.
///
/// A hook is confined: whoever runs it calls one function at a time, on a thread that carries no
/// media of others. While it is busy packets wait in a bounded queue; what does not fit is dropped,
/// is counted, and the pictures go on with the next keyframe; the relay never waits for it.
public protocol VideoHook: AnyObject {
  /// Whether the hook has a use for pictures now. Without one nothing is decoded but what later
  /// pictures need.
  var wantsPictures: Bool { get }

  /// - Parameter frame: I420 of the size that the publisher sends at the moment, which may change
  ///   from one picture to the next; in order of its timestamp (90 kHz).
  /// - Returns: a picture that takes the place of `frame` for those behind the hook, of the same
  ///   timestamp and any size; `nil`: nothing goes on from here.
  func process(_ frame: VideoFrame) -> VideoFrame?
}

extension VideoHook {
  public var wantsPictures: Bool { true }
}
