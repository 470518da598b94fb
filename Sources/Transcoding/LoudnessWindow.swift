/// What of the sound of the last seconds a quality monitor needs.
public struct LoudnessFigures: Hashable, Sendable {
  /// Frames since the beginning: whoever looks sees whether there was anything new.
  public var frames: UInt64
  /// LUFS, momentary: the median of the last five seconds, `floor` at least. `nil` before 400 ms were heard.
  public var momentary: Double?
  /// dBTP, the largest of the last second, `floor` at least.
  public var truePeak: Double
  /// Share of the frames of the last second in which sound was cut off at full scale, 0...1.
  public var clipped: Double

  /// LUFS and dBTP: the absolute gate of EBU R128. What is below it is silence.
  public static let floor = -70.0

  public init(frames: UInt64, momentary: Double?, truePeak: Double, clipped: Double) {
    self.frames = frames
    self.momentary = momentary
    self.truePeak = truePeak
    self.clipped = clipped
  }
}

/// Measures what passes, and remembers its last five seconds. A gap of more than a second, as a mute leaves it,
/// begins anew.
public struct LoudnessWindow: Sendable {
  /// A tenth of a second.
  private struct Step {
    /// `nil` before 400 ms.
    var momentary: Double?
    var peak: Float = 0
    var frames = 0
    var clipped = 0
  }

  private static let stepSamples = AudioFrame.sampleRate / 10
  private static let steps = 50
  /// Of the last second.
  private static let recent = 10

  public private(set) var loudness: Loudness
  private let channels: Int
  private var past: [Step] = []
  private var current = Step()
  private var samples = 0
  private var frames: UInt64 = 0
  private var expected: Int64?
  /// Since it began anew.
  private var stepCount = 0

  /// - Parameter channels: of every frame, 1 or 2.
  public init(channels: Int) {
    self.channels = channels
    loudness = Loudness(channels: channels)
  }

  /// Frames in order of their timestamps.
  /// - Returns: figures, ten times a second.
  public mutating func feed(_ frame: AudioFrame) -> LoudnessFigures? {
    guard frame.channels == channels, frame.count > 0 else { return nil }
    if let expected, abs(frame.timestamp - expected) > Int64(AudioFrame.sampleRate) { beginAnew() }
    expected = frame.timestamp + Int64(frame.count)
    let before = loudness.clippings
    loudness.feed(frame)
    frames &+= 1
    current.frames += 1
    if loudness.clippings > before { current.clipped += 1 }
    samples += frame.count
    guard samples >= Self.stepSamples else { return nil }
    samples -= Self.stepSamples
    stepCount += 1
    if stepCount >= Loudness.steps { current.momentary = loudness.momentary }
    current.peak = loudness.takeTruePeak()
    past.append(current)
    if past.count > Self.steps { past.removeFirst() }
    current = Step()
    return figures
  }

  private var figures: LoudnessFigures {
    let recent = past.suffix(Self.recent)
    let count = recent.reduce(0) { $0 + $1.frames }
    let clipped = recent.reduce(0) { $0 + $1.clipped }
    let peak = Decibels.decibels(Double(recent.map(\.peak).max() ?? 0))
    let heard = past.compactMap(\.momentary).sorted()
    return LoudnessFigures(
      frames: frames,
      momentary: heard.isEmpty ? nil : max(heard[heard.count / 2], LoudnessFigures.floor),
      truePeak: max(peak, LoudnessFigures.floor),
      clipped: count > 0 ? Double(clipped) / Double(count) : 0)
  }

  private mutating func beginAnew() {
    past = []
    stepCount = 0
    current = Step()
    samples = 0
  }
}
