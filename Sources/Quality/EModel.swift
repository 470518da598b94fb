internal import Glibc

/// What coding and loss do to speech, as the E-model knows them: `impairment` is Ie, `robustness` Bpl.
public struct SpeechImpairment: Hashable, Sendable {
  public var impairment: Double
  public var robustness: Double

  public init(impairment: Double, robustness: Double) {
    self.impairment = impairment
    self.robustness = robustness
  }

  /// G.711 without and with concealment (ITU-T G.113 appendix I), for `EModel.narrowband`.
  public static let g711 = Self(impairment: 0, robustness: 4.3)
  public static let g711Concealed = Self(impairment: 0, robustness: 25.1)
}

/// Mean opinion score of speech by the E-model: an estimate for planning, of no single listener.
public enum EModel {
  /// ITU-T G.107: telephone band.
  ///
  /// - Parameters:
  ///   - delay: mouth to ear, milliseconds.
  ///   - loss: percent of packets that are not there when they are played.
  ///   - burstRatio: mean length of losses over that of random loss; 1 is random.
  /// - Returns: R, 0...93.2.
  public static func narrowband(
    _ speech: SpeechImpairment, delay: Double, loss: Double, burstRatio: Double = 1
  ) -> Double {
    let loss = bounded(loss, 0...100)
    let effective =
      speech.impairment + (95 - speech.impairment) * loss
      / (loss / max(burstRatio, 1) + speech.robustness)
    return 93.2 - delayImpairment(delay) - effective
  }

  /// ITU-T G.107.2: up to 20 kHz, what Opus carries.
  ///
  /// - Returns: R on the scale of that recommendation, up to 148.
  public static func fullband(
    _ speech: SpeechImpairment, delay: Double, loss: Double
  ) -> Double {
    let loss = bounded(loss, 0...100)
    let effective =
      speech.impairment + (132 - speech.impairment) * loss / (loss + speech.robustness)
    return 148 - 1.48 * delayImpairment(delay) - effective
  }

  /// 1...4.5, of an R of `narrowband`.
  public static func score(narrowband r: Double) -> Double { score(r) }

  /// 1...4.5, of an R of `fullband`.
  public static func score(fullband r: Double) -> Double { score(r / 1.48) }

  /// Idd of G.107, milliseconds from mouth to ear.
  public static func delayImpairment(_ delay: Double) -> Double {
    guard delay.isFinite, delay > 100 else { return 0 }
    let x = log2(min(delay, 10_000) / 100)
    return 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2)
  }

  /// The cubic falls a little below 1 for small R.
  private static func score(_ r: Double) -> Double {
    if !(r > 0) { return 1 }
    if r >= 100 { return 4.5 }
    return bounded(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1...4.5)
  }
}

/// NaN becomes the lower bound.
func bounded(_ value: Double, _ range: ClosedRange<Double>) -> Double {
  value > range.lowerBound ? min(value, range.upperBound) : range.lowerBound
}
