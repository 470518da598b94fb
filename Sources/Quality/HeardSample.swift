/// How loud a microphone is, as it was heard when decoded.
public struct HeardSample: Hashable, Sendable {
  /// Frames since the measurement began: with none more, nothing new was heard.
  public var frames: UInt64
  /// LUFS, momentary, the median of about five seconds; `nil`: not known yet.
  public var loudness: Double?
  /// dBTP, of about a second.
  public var truePeak: Double
  /// Share of frames of about a second in which sound was cut off at full scale, 0...1.
  public var clipped: Double

  public init(frames: UInt64, loudness: Double?, truePeak: Double, clipped: Double) {
    self.frames = frames
    self.loudness = loudness
    self.truePeak = truePeak
    self.clipped = clipped
  }

  /// The most that EBU R128 allows: dBTP. Where sound stays below it nothing was cut off at full scale.
  static let permittedPeak = -1.0

  /// Share of the frames, 0...1.
  var saturation: Double { truePeak > Self.permittedPeak ? clipped : 0 }
}
