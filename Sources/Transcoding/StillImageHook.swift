/// Takes one picture out of a publication, at the size that the publisher sends.
///
/// Not the first: a keyframe that was asked for is coarse, since it has to be made of few bits, and the frames
/// after it make it better. So a second of the pictures' own time goes by, and it begins anew when their size
/// grows.
public final class StillImageHook: VideoHook {
  /// In ticks of 1/90000 s.
  public let settling: Int64
  /// The latest picture, `nil` before the first.
  public private(set) var latest: I420Picture?
  /// `latest` is what was waited for: it stays.
  public private(set) var isDone = false
  private var began: Int64?

  public init(settling: Int64 = 90_000) { self.settling = settling }

  public var wantsPictures: Bool { !isDone }

  public func process(_ frame: VideoFrame) -> VideoFrame? {
    guard !isDone else { return frame }
    let former = latest.map { $0.width * $0.height } ?? 0
    if began == nil || frame.picture.width * frame.picture.height > former {
      began = frame.timestamp
    }
    latest = frame.picture
    isDone = frame.timestamp - (began ?? frame.timestamp) >= settling
    return frame
  }
}
