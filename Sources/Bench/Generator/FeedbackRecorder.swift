internal import Wire

/// What arrived with a transport-wide number, until the next feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
struct FeedbackRecorder: ~Copyable {
  private var unwrapper = SequenceUnwrapper()
  private var arrivals = UnsafeMutablePointer<Arrival>.allocate(capacity: 64)
  private var capacity = 64
  private var count = 0
  private var isSorted = true
  private var feedbackCount: UInt8 = 0

  private struct Arrival {
    var sequence: Int64
    var ticks: Int64
  }

  deinit { arrivals.deallocate() }

  var isEmpty: Bool { count == 0 }

  mutating func note(_ sequence: UInt16, arrival: MediaInstant) {
    if count == capacity { grow() }
    let extended = unwrapper.unwrap(sequence)
    if count > 0, extended <= arrivals[count &- 1].sequence { isSorted = false }
    arrivals[count] = Arrival(sequence: extended, ticks: arrival.nanoseconds / 250_000)
    count &+= 1
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Arrival>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: arrivals, count: count)
    arrivals.deallocate()
    arrivals = larger
    capacity *= 2
  }

  /// Writes one feedback packet about the oldest of what was noted and forgets that. Returns its
  /// length, `nil` when there is nothing to say.
  mutating func write(
    sender: SSRC, media: SSRC, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard count > 0 else { return nil }
    var noted = UnsafeMutableBufferPointer(start: arrivals, count: count)
    if !isSorted { noted.sort { $0.sequence < $1.sequence } }
    isSorted = true
    guard
      var writer = TransportFeedbackWriter(
        into: buffer, sender: sender, media: media, baseSequence: arrivals[0].sequence,
        firstArrival: arrivals[0].ticks, feedbackCount: feedbackCount)
    else { return nil }
    var written = 0
    for arrival in noted {
      // A duplicate is below what may follow.
      if arrival.sequence >= writer.nextSequence,
        !writer.append(sequence: arrival.sequence, arrival: arrival.ticks)
      {
        break
      }
      written += 1
    }
    // The first one always fits an empty packet; whatever does not is forgotten, not kept for ever.
    written = max(1, written)
    count -= written
    arrivals.update(from: arrivals + written, count: count)
    feedbackCount &+= 1
    return writer.finish()
  }
}
