/// Datagrams on a stream, each after its length in two octets (RFC 4571 section 2).
public enum StreamFraming {
  public static let headerLength = 2

  /// What stands at the start of some octets of a stream.
  public enum Frame: Equatable, Sendable {
    /// A whole datagram. Empty ones are allowed and mean nothing (RFC 4571 section 2).
    case datagram(Range<Int>)
    /// Not all of it is there.
    case incomplete
    /// Longer than any datagram that is taken: nothing after it can be found.
    case tooLong
  }

  /// - Parameters:
  ///   - offset: where the frame begins, 0...`bytes.count`.
  ///   - limit: the longest datagram that is taken.
  @inlinable
  public static func frame(
    at offset: Int, in bytes: UnsafeRawBufferPointer, limit: Int
  ) -> Frame {
    let left = bytes.count &- offset
    guard offset >= 0, left >= headerLength else { return .incomplete }
    let length = Int(bytes.networkUInt16(at: offset))
    guard length <= limit else { return .tooLong }
    guard left &- headerLength >= length else { return .incomplete }
    let start = offset &+ headerLength
    return .datagram(start..<(start &+ length))
  }
}
