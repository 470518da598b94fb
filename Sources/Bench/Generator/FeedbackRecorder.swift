internal import Wire

/// What arrived with a transport-wide number, until the next feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
struct FeedbackRecorder {
  private var unwrapper = SequenceUnwrapper()
  private var arrivals: [(sequence: Int64, ticks: Int64)] = []
  private var feedbackCount: UInt8 = 0

  var isEmpty: Bool { arrivals.isEmpty }

  mutating func note(_ sequence: UInt16, arrival: MediaInstant) {
    arrivals.append((unwrapper.unwrap(sequence), arrival.nanoseconds / 250_000))
  }

  /// Writes one feedback packet about the oldest of what was noted and forgets that. Returns its
  /// length, `nil` when there is nothing to say.
  mutating func write(
    sender: SSRC, media: SSRC, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard !arrivals.isEmpty else { return nil }
    var isSorted = true
    for i in 1..<max(1, arrivals.count) where arrivals[i].sequence <= arrivals[i - 1].sequence {
      isSorted = false
    }
    if !isSorted { arrivals.sort { $0.sequence < $1.sequence } }
    guard
      var writer = TransportFeedbackWriter(
        into: buffer, sender: sender, media: media, baseSequence: arrivals[0].sequence,
        firstArrival: arrivals[0].ticks, feedbackCount: feedbackCount)
    else { return nil }
    var written = 0
    for arrival in arrivals {
      // A duplicate is below what may follow.
      if arrival.sequence >= writer.nextSequence,
        !writer.append(sequence: arrival.sequence, arrival: arrival.ticks)
      {
        break
      }
      written += 1
    }
    // The first one always fits an empty packet; whatever does not is forgotten, not kept for ever.
    arrivals.removeFirst(max(1, written))
    feedbackCount &+= 1
    return writer.finish()
  }
}
