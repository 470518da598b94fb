/// Extends 16-bit sequence numbers to 64 bits.
///
/// Each number is placed within 2^15 of the highest one seen, so reordering never moves the
/// reference back; what is exactly 2^15 away counts as older. The first number unwraps to itself,
/// later ones may be negative when they precede it.
public struct SequenceUnwrapper: Hashable, Sendable {
  /// The highest number so far, `nil` before the first.
  public private(set) var highest: Int64?

  public init() {}

  public mutating func unwrap(_ sequenceNumber: UInt16) -> Int64 {
    let extended = peek(sequenceNumber)
    if let highest, extended <= highest { return extended }
    highest = extended
    return extended
  }

  /// What `unwrap` would return, without taking note of the number.
  public func peek(_ sequenceNumber: UInt16) -> Int64 {
    guard let highest else { return Int64(sequenceNumber) }
    let step = Int16(bitPattern: sequenceNumber &- UInt16(truncatingIfNeeded: highest))
    return highest &+ Int64(step)
  }
}

/// Extends 32-bit RTP timestamps to 64 bits in the same way.
public struct TimestampUnwrapper: Hashable, Sendable {
  public private(set) var highest: Int64?

  public init() {}

  public mutating func unwrap(_ timestamp: UInt32) -> Int64 {
    guard let highest else {
      self.highest = Int64(timestamp)
      return Int64(timestamp)
    }
    let step = Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: highest))
    let extended = highest &+ Int64(step)
    if step > 0 { self.highest = extended }
    return extended
  }
}
