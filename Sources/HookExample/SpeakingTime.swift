internal import Synchronization
public import Transcoding

/// An example of a hook: for how long somebody has spoken. `Docs/Hooks.md` goes through it line by line.
public final class SpeakingTime: AudioHook {
  /// What a hook has to say is read by others while it works.
  public final class Sum: Sendable {
    fileprivate let samples = Atomic(0)
    public var seconds: Double { Double(samples.load(ordering: .relaxed)) / 48_000 }
  }

  public let sum = Sum()
  private var loudness = Loudness(channels: 1)
  private var quiet = 0

  public init() {}

  public func process(_ frame: AudioFrame) -> AudioFrame? {
    loudness.feed(frame)
    // A pause of half a second within what somebody says is part of it.
    quiet = loudness.momentary > -45 ? 0 : quiet + frame.count
    if quiet < AudioFrame.sampleRate / 2 {
      sum.samples.add(frame.count, ordering: .relaxed)
    }
    // Nothing else is made of the sound.
    return nil
  }
}
