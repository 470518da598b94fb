/// A slot of a `PacketArena`. A plain index: whoever holds it is its owner and releases it once.
public struct PacketSlot: Hashable, Sendable {
  @usableFromInline let index: UInt32

  @inlinable
  init(index: UInt32) { self.index = index }
}

/// A bounded pool of equal packet buffers, the only memory that packets of a worker live in.
///
/// A handle over storage of its own: copying it copies a pointer, no reference count is touched.
/// Confined to one thread. The owner calls `deallocate()` once, after the last use.
public struct PacketArena: @unchecked Sendable {
  /// Bytes in a slot: the largest datagram that we take (1500) plus room for what a rewrite and
  /// SRTP add in place.
  public static let slotCapacity = 1664

  @usableFromInline
  struct State {
    @usableFromInline var freeCount: Int
    @usableFromInline var refused: UInt64 = 0
    @usableFromInline
    init(freeCount: Int) { self.freeCount = freeCount }
  }

  @usableFromInline let bytes: UnsafeMutableRawPointer
  @usableFromInline let free: UnsafeMutablePointer<UInt32>
  @usableFromInline let state: UnsafeMutablePointer<State>
  public let slotCount: Int

  /// - Parameter slotCount: how many packets at most exist at once; memory is touched on first use.
  public init(slotCount: Int) {
    precondition(slotCount > 0 && slotCount <= Int(UInt32.max))
    self.slotCount = slotCount
    bytes = .allocate(byteCount: slotCount * Self.slotCapacity, alignment: 64)
    free = .allocate(capacity: slotCount)
    state = .allocate(capacity: 1)
    // The lowest index is handed out first, so a quiet worker touches few pages.
    for i in 0..<slotCount { free[i] = UInt32(slotCount - 1 - i) }
    state.initialize(to: State(freeCount: slotCount))
  }

  public func deallocate() {
    bytes.deallocate()
    free.deallocate()
    state.deallocate()
  }

  /// How many slots are free, and how many times none was.
  @inlinable public var freeCount: Int { state.pointee.freeCount }
  @inlinable public var refused: UInt64 { state.pointee.refused }

  /// A slot with undefined content, or `nil` (counted in `refused`) when all are taken.
  @inlinable
  public func allocate() -> PacketSlot? {
    guard state.pointee.freeCount > 0 else {
      state.pointee.refused &+= 1
      return nil
    }
    state.pointee.freeCount &-= 1
    return PacketSlot(index: free[state.pointee.freeCount])
  }

  @inlinable
  public func release(_ slot: PacketSlot) {
    assert(state.pointee.freeCount < slotCount, "a slot was released twice")
    free[state.pointee.freeCount] = slot.index
    state.pointee.freeCount &+= 1
  }

  /// All `slotCapacity` bytes of a slot.
  @inlinable
  public func buffer(_ slot: PacketSlot) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      start: bytes + Int(slot.index) &* Self.slotCapacity, count: Self.slotCapacity)
  }
}
