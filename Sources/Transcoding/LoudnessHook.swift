/// Measures how loud a publication is, and where it is asked to brings it nearer to a target. Sound goes on
/// as it is, or with that gain.
public final class LoudnessHook: AudioHook {
  public var loudness: Loudness { window.loudness }
  /// LUFS; `nil`: sound goes on as it is.
  public let target: Double?
  /// What sound is multiplied with now.
  public private(set) var gain: Float = 1

  /// Of the gain: whispering is not made shouting, noise not speech.
  public static let gains: ClosedRange<Float> = 0.25...4
  /// In one frame: about 6 dB a second.
  private static let step: Float = 1.014

  private var window: LoudnessWindow
  private let tell: (LoudnessFigures) -> Void

  /// - Parameters:
  ///   - channels: of the frames, 1 or 2.
  ///   - tell: takes figures ten times a second, and returns at once.
  public init(
    channels: Int, target: Double?, tell: @escaping (LoudnessFigures) -> Void = { _ in }
  ) {
    window = LoudnessWindow(channels: channels)
    self.target = target
    self.tell = tell
  }

  public func process(_ frame: AudioFrame) -> AudioFrame? {
    if let figures = window.feed(frame) { tell(figures) }
    guard let target else { return frame }
    // Pauses say nothing of how loud somebody speaks.
    if loudness.momentary > Loudness.silence + 15 {
      let missing = target - loudness.momentary
      let wanted = Self.linear(missing)
      gain = wanted > gain ? min(gain * Self.step, wanted) : max(gain / Self.step, wanted)
      gain = min(max(gain, Self.gains.lowerBound), Self.gains.upperBound)
    }
    var louder = frame
    for i in louder.samples.indices {
      louder.samples[i] = AudioMixer.limit(louder.samples[i] * gain)
    }
    return louder
  }

  private static func linear(_ decibels: Double) -> Float {
    Float(Decibels.ratio(min(max(decibels, -40), 40)))
  }
}
