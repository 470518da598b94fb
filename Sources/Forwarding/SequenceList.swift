/// Sequence numbers for one NACK message: bounded, reused, no allocation after `init`.
public struct SequenceList: ~Copyable {
  public let capacity: Int
  @usableFromInline let storage: UnsafeMutablePointer<UInt16>
  @usableFromInline var used = 0

  public init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    storage = .allocate(capacity: capacity)
  }

  deinit { storage.deallocate() }

  @inlinable public var count: Int { used }
  @inlinable public var isEmpty: Bool { used == 0 }
  @inlinable public var isFull: Bool { used == capacity }

  /// Valid until the list changes.
  @inlinable
  public var values: UnsafeBufferPointer<UInt16> {
    UnsafeBufferPointer(start: storage, count: used)
  }

  /// What does not fit is left out; the caller asks `isFull` first.
  @inlinable
  public mutating func append(_ sequenceNumber: UInt16) {
    guard used < capacity else { return }
    storage[used] = sequenceNumber
    used &+= 1
  }

  @inlinable
  public mutating func removeAll() { used = 0 }
}
