internal import Glibc

/// How loud sound is, as EBU R128 measures it: momentary loudness over 400 ms of K-weighted sound (ITU-R BS.1770-4),
/// the true peak between the samples, clipping and silence. 48 kHz; of two channels the sum counts.
///
/// Fed with frames in order; what is asked holds for what was fed until then.
public struct Loudness: Sendable {
  /// Samples over which momentary loudness is measured: 400 ms, in steps of 100 ms.
  static let stepSamples = 4_800
  static let steps = 4
  /// Below it there is nothing to hear: LUFS.
  public static let silence = -60.0
  /// From here on a sample is at full scale, of which nothing was over.
  static let fullScale: Float = 0.9999
  /// So many samples at full scale after each other are clipping; one may be music.
  static let clippingRun = 3

  /// LUFS; negative infinity before 400 ms were fed, and for digital silence.
  public private(set) var momentary = -Double.infinity
  /// The largest sample between samples since the beginning, by four-fold oversampling: 1 is full scale.
  public private(set) var truePeak: Float = 0
  /// The same since it was last taken.
  private var recentPeak: Float = 0
  /// Runs of samples at full scale, since the beginning.
  public private(set) var clippings: UInt64 = 0
  /// Samples of each channel since momentary loudness fell below `silence`; 0 while it is above.
  public private(set) var silentSamples: UInt64 = 0

  private var channels: [Channel]
  private var energies: [Double] = []
  private var energy = 0.0
  private var count = 0

  /// - Parameter channels: of every frame, 1 or 2.
  public init(channels: Int) {
    precondition(channels == 1 || channels == 2)
    self.channels = Array(repeating: Channel(), count: channels)
  }

  /// dBTP, negative infinity when all was silence.
  public var truePeakDecibels: Double { Decibels.decibels(Double(truePeak)) }

  /// Frames of another number of channels are left out.
  public mutating func feed(_ frame: AudioFrame) {
    guard frame.channels == channels.count else { return }
    for i in 0..<frame.count {
      for c in 0..<channels.count {
        let sample = frame.samples[i * channels.count + c]
        let weighted = channels[c].weigh(Double(sample))
        energy += weighted * weighted
        recentPeak = max(recentPeak, channels[c].peak(sample))
        if channels[c].clips(sample) { clippings &+= 1 }
      }
      count += 1
      if count == Self.stepSamples { endStep() }
    }
    truePeak = max(truePeak, recentPeak)
  }

  /// The largest sample between samples since this was last asked: 1 is full scale.
  mutating func takeTruePeak() -> Float {
    defer { recentPeak = 0 }
    return recentPeak
  }

  private mutating func endStep() {
    energies.append(energy / Double(Self.stepSamples))
    energy = 0
    count = 0
    if energies.count > Self.steps { energies.removeFirst() }
    guard energies.count == Self.steps else { return }
    let mean = energies.reduce(0, +) / Double(Self.steps)
    momentary = mean > 0 ? -0.691 + 10 * log10(mean) : -Double.infinity
    silentSamples = momentary < Self.silence ? silentSamples &+ UInt64(Self.stepSamples) : 0
  }

  private struct Channel {
    /// A shelf for the head and a high pass: BS.1770-4, tables 1 and 2, for 48 kHz.
    private var shelf = Biquad(
      b0: 1.53512485958697, b1: -2.69169618940638, b2: 1.19839281085285,
      a1: -1.69065929318241, a2: 0.73248077421585)
    private var highPass = Biquad(
      b0: 1, b1: -2, b2: 1, a1: -1.99004745483398, a2: 0.99007225036621)
    private var history: [Float] = Array(repeating: 0, count: TruePeakFilter.taps)
    private var place = 0
    private var run = 0

    mutating func weigh(_ sample: Double) -> Double { highPass.filter(shelf.filter(sample)) }

    mutating func peak(_ sample: Float) -> Float {
      history[place] = sample
      place = (place + 1) % TruePeakFilter.taps
      var highest = abs(sample)
      for phase in TruePeakFilter.phases {
        var sum: Float = 0
        var at = place
        for coefficient in phase {
          at = at == 0 ? TruePeakFilter.taps - 1 : at - 1
          sum += coefficient * history[at]
        }
        highest = max(highest, abs(sum))
      }
      return highest
    }

    mutating func clips(_ sample: Float) -> Bool {
      run = abs(sample) >= Loudness.fullScale ? run + 1 : 0
      return run == Loudness.clippingRun
    }
  }

  /// Direct form II transposed.
  private struct Biquad {
    var b0, b1, b2, a1, a2: Double
    private var z1 = 0.0
    private var z2 = 0.0

    init(b0: Double, b1: Double, b2: Double, a1: Double, a2: Double) {
      (self.b0, self.b1, self.b2, self.a1, self.a2) = (b0, b1, b2, a1, a2)
    }

    mutating func filter(_ x: Double) -> Double {
      let y = b0 * x + z1
      z1 = b1 * x - a1 * y + z2
      z2 = b2 * x - a2 * y
      return y
    }
  }
}

/// Interpolates at the quarters between samples: a windowed sinc of twelve taps for each, as BS.1770-4 annex 2 asks.
private enum TruePeakFilter {
  static let taps = 12

  static let phases: [[Float]] = (1...3).map { quarter in
    let offset = Double(quarter) / 4
    let raw = (0..<taps).map { tap -> Double in
      let distance = Double(tap) - Double(taps) / 2 + offset
      let sinc = distance == 0 ? 1 : sin(Double.pi * distance) / (Double.pi * distance)
      let window = 0.5 + 0.5 * cos(Double.pi * distance / (Double(taps) / 2 + 0.5))
      return sinc * window
    }
    let sum = raw.reduce(0, +)
    return raw.map { Float($0 / sum) }
  }
}
