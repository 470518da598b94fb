/// How far the picture is ahead of the sound of the same person at who sees and hears them, in
/// milliseconds; below zero it is behind.
///
/// Estimated: the difference of `estimatedPlayoutTimestamp` (W3C webrtc-stats, section 8.4) of the two
/// tracks, of one `getStats`. Each is the instant of the sender's clock that is played now, taken from
/// the pairs of RTP and wall clock in sender reports (RFC 3550 section 6.4.1). Browsers without it tell
/// the RTP time of what they played last (`getSynchronizationSources` of webrtc-pc), and the server maps
/// that by the same reports. It holds what the two buffers and the network did, not what a screen or
/// loudspeaker adds.
///
/// ITU-R BT.1359-1 finds that viewers notice 45 ms of sound ahead and 125 ms behind; ITU-T G.1010 wants
/// less than 80 ms. Beyond 200 ms we count it as out of step: our own limit.
public struct SkewSummary: Hashable, Sendable {
  /// Milliseconds.
  public static let outOfStep = 200.0
  /// Beyond it clocks were not comparable: no skew of a call.
  public static let largest = 10_000.0

  /// - Returns: `nil` where the two instants are of different clocks.
  public static func skew(picture: Double, sound: Double) -> Double? {
    let skew = picture - sound
    guard skew.isFinite, abs(skew) <= largest else { return nil }
    return skew
  }

  public private(set) var seconds = 0
  public private(set) var secondsOutOfStep = 0
  /// The one farthest from zero.
  public private(set) var worst: Double?
  private var sum = 0.0

  public init() {}

  /// One second.
  public mutating func note(_ skew: Double) {
    guard skew.isFinite else { return }
    seconds += 1
    sum += abs(skew)
    if abs(skew) > Self.outOfStep { secondsOutOfStep += 1 }
    if abs(skew) > abs(worst ?? 0) || worst == nil { worst = skew }
  }

  /// Mean distance from zero.
  public var mean: Double? { seconds > 0 ? sum / Double(seconds) : nil }
}
