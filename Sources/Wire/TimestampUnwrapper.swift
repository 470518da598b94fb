/// Extends 32-bit RTP timestamps to 64 bits, as `SequenceUnwrapper` does sequence numbers.
public struct TimestampUnwrapper: Hashable, Sendable {
  @inlinable public var highest: Int64? { reference }
  @usableFromInline var reference: Int64?

  @inlinable
  public init() {}

  @inlinable
  public mutating func unwrap(_ timestamp: UInt32) -> Int64 {
    guard let reference else {
      self.reference = Int64(timestamp)
      return Int64(timestamp)
    }
    let step = Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: reference))
    let extended = reference &+ Int64(step)
    if step > 0 { self.reference = extended }
    return extended
  }
}
