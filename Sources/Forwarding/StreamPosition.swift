/// How far the streams of one subscription have come: its own and the one of its retransmissions.
/// What comes later under the same SSRCs goes on from here, since SRTP and decoders on the other
/// side take numbers that go back for replays.
public struct StreamPosition: Hashable, Sendable {
  /// Unwrapped; the last ones used.
  public var sequence: Int64
  public var rtxSequence: Int64
  public var timestamp: UInt32

  /// Random below 2^15: the first wrap is far from the start, where SRTP's rollover counter is
  /// guessed (RFC 3711 section 3.3.1).
  static func firstSequence(_ bits: UInt64) -> Int64 { Int64(bits & 0x7FFF) }
}
