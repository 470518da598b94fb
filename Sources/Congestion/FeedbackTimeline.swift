internal import Wire

/// The receiver's clock, from the 24-bit reference times of its feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): each is placed within 2^23 units
/// of 64 ms of the one before, so the wrap after 12 days is not seen.
struct FeedbackTimeline {
  private var last: Int32 = 0
  private var units: Int64 = 0

  /// The reference time in microseconds. Steps that make no sense are for the users of arrival times
  /// to notice; arithmetic here wraps rather than traps.
  mutating func reference(_ time: Int32) -> Int64 {
    let step = ((time &- last) << 8) >> 8
    last = time
    units &+= Int64(step)
    return units &* (TransportFeedback.ticksPerReference &* TransportFeedback.deltaUnit)
  }
}
