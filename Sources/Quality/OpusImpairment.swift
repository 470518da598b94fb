/// Ie and Bpl of Opus by bit rate, on the scale of ITU-T G.107.2.
///
/// Not normative: measured by M. Alahmadi and others for super-wideband variable-rate Opus without
/// in-band redundancy (companion of doi 10.1145/3458751). Between the rows we interpolate.
public enum OpusImpairment {
  struct Row {
    var rate: Double
    var impairment: Double
    var random: Double
    var bursty: Double
  }

  static let rows: [Row] = [
    Row(rate: 16, impairment: 30.16, random: 11.83, bursty: 10.06),
    Row(rate: 19, impairment: 23.81, random: 10.67, bursty: 8.92),
    Row(rate: 22, impairment: 20.22, random: 10.47, bursty: 8.57),
    Row(rate: 25, impairment: 20.21, random: 11.28, bursty: 9.18),
    Row(rate: 28, impairment: 18.48, random: 10.63, bursty: 8.91),
    Row(rate: 31, impairment: 16.83, random: 10.44, bursty: 8.82),
    Row(rate: 34, impairment: 14.76, random: 10.12, bursty: 8.54),
    Row(rate: 37, impairment: 12.08, random: 10.38, bursty: 8.30),
    Row(rate: 40, impairment: 10.67, random: 9.79, bursty: 8.04),
  ]

  /// - Parameters:
  ///   - bitrate: of the payload, bits a second; beyond the table its ends count.
  ///   - isBursty: losses come several in a row.
  public static func at(bitrate: Double, isBursty: Bool = false) -> SpeechImpairment {
    let rate = bounded(bitrate / 1000, rows[0].rate...rows[rows.count - 1].rate)
    let after = rows.firstIndex { $0.rate >= rate } ?? rows.count - 1
    let high = rows[after]
    let low = rows[max(after - 1, 0)]
    let share = high.rate > low.rate ? (rate - low.rate) / (high.rate - low.rate) : 0
    func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * share }
    return SpeechImpairment(
      impairment: between(low.impairment, high.impairment),
      robustness: isBursty
        ? between(low.bursty, high.bursty) : between(low.random, high.random))
  }
}
