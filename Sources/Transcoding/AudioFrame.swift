/// Sound as hooks see it: 48 kHz, linear, full scale is -1...1 (decoders may exceed it slightly).
public struct AudioFrame: Sendable, Equatable {
  /// Samples a second of one channel.
  public static let sampleRate = 48_000

  /// Interleaved: `count` times `channels`.
  public var samples: [Float]
  /// 1 or 2.
  public var channels: Int
  /// Of the first sample, in ticks of 1/48000 s, unwrapped: differences are media time.
  public var timestamp: Int64

  /// Trailing samples that do not fill all channels are left out.
  public init(samples: [Float], channels: Int, timestamp: Int64) {
    precondition(channels == 1 || channels == 2)
    self.samples = samples
    if samples.count % channels != 0 { self.samples.removeLast() }
    self.channels = channels
    self.timestamp = timestamp
  }

  /// Samples of each channel.
  public var count: Int { samples.count / channels }

  /// The mean of the channels.
  public func mono() -> [Float] {
    guard channels == 2 else { return samples }
    var mixed: [Float] = []
    mixed.reserveCapacity(count)
    for i in 0..<count { mixed.append((samples[2 * i] + samples[2 * i + 1]) * 0.5) }
    return mixed
  }
}
