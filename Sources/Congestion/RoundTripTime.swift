internal import Wire

/// The time to the peer and back, smoothed (RFC 6298 section 2, alpha 1/8).
///
/// Samples come from receiver reports (RFC 3550 section 6.4.1), and from feedback, where the time that the
/// receiver held it back is in it: the smaller of both is nearer to the path's.
struct RoundTripTime {
  static let initial = MediaDuration.milliseconds(100)
  static let longest = MediaDuration.seconds(5)

  private var smoothed: Int64?
  private var reported: Int64?

  /// - Parameter sample: between sending a packet and the feedback that acknowledges it.
  mutating func add(feedback sample: MediaDuration) {
    smoothed = Self.mix(smoothed, sample)
  }

  /// - Parameter sample: from a report block's LSR and DLSR.
  mutating func add(report sample: MediaDuration) {
    reported = Self.mix(reported, sample)
  }

  var value: MediaDuration {
    switch (smoothed, reported) {
    case (let a?, let b?): MediaDuration(nanoseconds: min(a, b))
    case (let a?, nil), (nil, let a?): MediaDuration(nanoseconds: a)
    case (nil, nil): Self.initial
    }
  }

  private static func mix(_ old: Int64?, _ sample: MediaDuration) -> Int64? {
    guard sample >= .zero, sample <= longest else { return old }
    guard let old else { return sample.nanoseconds }
    return old &+ (sample.nanoseconds &- old) / 8
  }
}
