internal import Glibc

/// One figure for a track's way, 0...100, smoothed: what orders a wall of consultations. Estimated:
/// the weights are those that the open server of LiveKit has found useful, no recommendation's.
public struct ConnectionScore: Hashable, Sendable {
  public enum Grade: String, Hashable, Sendable {
    case excellent, good, poor, lost
  }

  /// What a percent of loss costs.
  public enum Medium: Double, Sendable {
    case opus = 8
    /// With redundant blocks (RFC 2198).
    case redundantOpus = 4
    case video = 10
  }

  /// Below it a score does not fall while packets come.
  static let floor = 30.0

  public private(set) var value = 100.0

  public init() {}

  /// A window of some seconds.
  ///
  /// - Parameters:
  ///   - loss: share of packets, 0...1.
  ///   - roundTrip: milliseconds.
  ///   - jitter: milliseconds.
  public mutating func note(
    _ medium: Medium, loss: Double, roundTrip: Double?, jitter: Double?
  ) {
    note(Self.raw(medium, loss: loss, roundTrip: roundTrip, jitter: jitter))
  }

  /// A window by the bits that were expected and those that came.
  public mutating func note(expectedBits: Double, actualBits: Double) {
    guard expectedBits > 0 else { return }
    guard actualBits > 0 else { return note(0) }
    note(bounded(100 - 20 * log(max(expectedBits / actualBits, 1)), 0...100))
  }

  static func raw(
    _ medium: Medium, loss: Double, roundTrip: Double?, jitter: Double?
  ) -> Double {
    let delay = (roundTrip ?? 0) / 2 + 2 * (jitter ?? 0)
    let delayEffect = delay > 160 ? (delay - 120) / 10 : delay / 40
    return bounded(100 - delayEffect - 100 * bounded(loss, 0...1) * medium.rawValue, 0...100)
  }

  /// Falls fast, rises slowly.
  private mutating func note(_ raw: Double) {
    let weight = raw < value ? 0.8 : 0.4
    value = max(value + (raw - value) * weight, Self.floor)
  }

  public var grade: Grade {
    switch value {
    case 80.000001...: .excellent
    case 40.000001...: .good
    case 20.000001...: .poor
    default: .lost
    }
  }
}
