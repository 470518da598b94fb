internal import Glibc

/// Ratios of amplitudes.
enum Decibels {
  /// Negative infinity of 0.
  static func decibels(_ ratio: Double) -> Double { 20 * log10(ratio) }

  static func ratio(_ decibels: Double) -> Double { pow(10, decibels / 20) }
}
