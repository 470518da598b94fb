internal import Glibc

/// How usable a moving picture is, 1...5. Estimated: our own, after the open model of rtcscore
/// (bits for each pixel that the profile expects, frames, delay) less what freezes; no
/// recommendation stands behind it.
public struct VideoScore: Hashable, Sendable {
  /// What the consultation expects to see: scores are against it, not against what came.
  public var width: Double
  public var height: Double
  public var frameRate: Double

  public init(width: Double = 1280, height: Double = 720, frameRate: Double = 30) {
    self.width = max(width, 1)
    self.height = max(height, 1)
    self.frameRate = max(frameRate, 1)
  }

  /// - Parameters:
  ///   - bitrate: bits a second.
  ///   - frameRate: frames a second that came.
  ///   - delay: milliseconds.
  ///   - frozen: share of the time without a new picture, 0...1.
  public func score(
    bitrate: Double, frameRate fps: Double, delay: Double, frozen: Double
  ) -> Double {
    guard bitrate > 0, fps > 0 else { return 1 }
    let bits = bitrate / (width * height) / fps
    let base = bounded(5.36 + 0.56 * log(bits), 1...5)
    let motion = 1.9 * log(max(frameRate / fps, 1))
    let value =
      base - motion - 0.002 * bounded(delay, 0...2000) - min(3, 20 * bounded(frozen, 0...1))
    return bounded(value, 1...5)
  }
}
