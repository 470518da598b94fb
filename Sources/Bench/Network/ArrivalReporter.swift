internal import Congestion
internal import Wire

/// Transport-wide feedback of a participant behind a path that is looked at: every number is reported,
/// also those lost between two reports, at the pace of the server's own.
final class ArrivalReporter {
  private var feedback: TransportWideCC

  init(sender: SSRC) { feedback = TransportWideCC(sender: sender) }

  func note(_ number: UInt16, media: SSRC, length: Int, at now: MediaInstant) {
    feedback.packetArrived(transportSequence: number, media: media, length: length, at: now)
  }

  /// The next packet that is due, `nil` when none is.
  func write(now: MediaInstant, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    feedback.writeFeedback(now: now, into: buffer)
  }
}
