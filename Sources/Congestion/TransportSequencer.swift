public import Wire

/// Numbers the packets that we send to one peer, across all their streams
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2).
public struct TransportSequencer: Sendable {
  /// The number of the next packet, not wrapped. The wire carries its lower 16 bits.
  @inlinable public var next: Int64 { number }
  @usableFromInline var number: Int64

  /// - Parameter first: any number; random ones make streams harder to guess.
  @inlinable
  public init(first: UInt16) { number = Int64(first) }

  /// Writes the next number into a packet that is about to leave, so that numbers follow the order of
  /// sending.
  ///
  /// - Parameter offset: where the extension's two octets lie, as `RTPHeaderWriter` gave it.
  /// - Returns: the number, not wrapped, under which feedback will speak of the packet; `nil` when
  ///   the offset is outside the packet, then no number is used up.
  @inlinable @discardableResult
  public mutating func stamp(
    _ packet: UnsafeMutableRawBufferPointer, at offset: Int
  ) -> Int64? {
    guard offset >= 0, packet.count >= 2, offset <= packet.count - 2 else { return nil }
    defer { number &+= 1 }
    packet.setNetworkUInt16(UInt16(truncatingIfNeeded: number), at: offset)
    return number
  }
}
