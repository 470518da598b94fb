/// Extends 16-bit sequence numbers to 64 bits.
///
/// Each number is placed within 2^15 of the highest one seen, so reordering never moves the
/// reference back; what is exactly 2^15 away counts as older. The first number unwraps to itself,
/// later ones may be negative when they precede it.
public struct SequenceUnwrapper: Hashable, Sendable {
  /// The highest number so far, `nil` before the first.
  @inlinable public var highest: Int64? { reference }
  @usableFromInline var reference: Int64?

  @inlinable
  public init() {}

  @inlinable
  public mutating func unwrap(_ sequenceNumber: UInt16) -> Int64 {
    let extended = peek(sequenceNumber)
    if let reference, extended <= reference { return extended }
    reference = extended
    return extended
  }

  /// What `unwrap` would return, without taking note of the number.
  @inlinable
  public func peek(_ sequenceNumber: UInt16) -> Int64 {
    guard let reference else { return Int64(sequenceNumber) }
    let step = Int16(bitPattern: sequenceNumber &- UInt16(truncatingIfNeeded: reference))
    return reference &+ Int64(step)
  }
}
