/// What a packet was sent for; also its rank on the way out, first to last.
public enum SentPacketKind: UInt8, Hashable, Sendable, CaseIterable, Comparable {
  case audio, retransmission, video, padding

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
