internal import Glibc

/// Ratios of amplitudes.
enum Decibels {
  static func ratio(_ decibels: Double) -> Double { pow(10, decibels / 20) }
}
