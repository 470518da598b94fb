import Testing
import Wire

/// Feedback as it comes off the wire.
enum FeedbackBytes {
  /// Reports the numbers that arrived, ticks of 250 us; what lies between was lost.
  static func write(_ arrivals: [(sequence: Int64, tick: Int64)], base: Int64? = nil) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1200)
    let length = bytes.withUnsafeMutableBytes { buffer -> Int in
      guard let first = arrivals.first,
        var writer = TransportFeedbackWriter(
          into: buffer, sender: SSRC(1), media: SSRC(2), baseSequence: base ?? first.sequence,
          firstArrival: first.tick, feedbackCount: 0)
      else { return 0 }
      for (sequence, tick) in arrivals { _ = writer.append(sequence: sequence, arrival: tick) }
      return writer.finish() ?? 0
    }
    return Array(bytes[..<length])
  }

  /// Calls with each transport-wide feedback in a compound packet.
  static func parse(_ bytes: [UInt8], _ body: (TransportFeedback) -> Void) {
    bytes.withUnsafeBytes { buffer in
      guard var compound = RTCPCompound(buffer) else { return }
      while let packet = compound.next() {
        if case .transportFeedback(let feedback) = packet { body(feedback) }
      }
    }
  }
}

func milliseconds(_ n: Int64) -> MediaInstant { MediaInstant(nanoseconds: n * 1_000_000) }
