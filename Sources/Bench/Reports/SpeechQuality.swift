internal import Foundation

/// The fullband E-model (ITU-T G.107.2) for Opus at 34 kbit/s with random loss.
enum SpeechQuality {
  /// Coding, packetisation and playout of a browser, milliseconds; the network comes on top.
  static let terminalDelay = 60.0
  /// Of Opus at 34 kbit/s.
  private static let equipmentImpairment = 14.76
  private static let lossRobustness = 10.12

  /// - Parameters:
  ///   - delay: mouth to ear, milliseconds.
  ///   - loss: percent of packets.
  static func meanOpinionScore(delay: Double, loss: Double) -> Double {
    let effective =
      equipmentImpairment + (132 - equipmentImpairment) * loss / (loss + lossRobustness)
    let rating = 148 - 1.48 * delayImpairment(delay) - effective
    return score(rating / 1.48)
  }

  /// Idd of G.107.
  static func delayImpairment(_ delay: Double) -> Double {
    guard delay > 100 else { return 0 }
    let x = log2(delay / 100)
    return 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2)
  }

  private static func score(_ r: Double) -> Double {
    if r <= 0 { return 1 }
    if r >= 100 { return 4.5 }
    return min(4.5, max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6))
  }
}
