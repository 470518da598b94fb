internal import Wire

/// Spans of time in ticks of an RTP clock, modulo 2^32.
enum RTPClock {
  /// - Parameter rate: Hz.
  static func ticks(_ span: MediaDuration, rate: UInt32) -> UInt32 {
    // Whole seconds apart, so that no product leaves 64 bits.
    let billion: Int64 = 1_000_000_000
    let whole = (span.nanoseconds / billion) &* Int64(rate)
    let rest = (span.nanoseconds % billion) &* Int64(rate) / billion
    return UInt32(truncatingIfNeeded: whole &+ rest)
  }

  /// An instant on the RTP clock of a stream, from an arbitrary origin.
  static func ticks(_ instant: MediaInstant, rate: UInt32) -> UInt32 {
    ticks(MediaDuration(nanoseconds: instant.nanoseconds), rate: rate)
  }
}
