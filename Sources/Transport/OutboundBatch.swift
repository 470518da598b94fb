public import Wire

/// The datagrams that one turn of a worker sends, in order. Bounded; owns the slots in it.
///
/// Pointer-backed and not copyable: one exists per worker and is passed `inout`. Whoever sends it
/// reads `entries` and then calls `removeAll()`, which gives the slots back.
public struct OutboundBatch: ~Copyable {
  public struct Entry: Sendable {
    public var slot: PacketSlot
    /// Octets in the slot, from its start.
    public var length: Int32
    public var path: NetworkPath

    @inlinable
    public init(slot: PacketSlot, length: Int32, path: NetworkPath) {
      self.slot = slot
      self.length = length
      self.path = path
    }
  }

  public let arena: PacketArena
  public let capacity: Int
  /// How many datagrams there was no room for, since the beginning.
  public private(set) var refused: UInt64 = 0

  @usableFromInline let storage: UnsafeMutablePointer<Entry>
  @usableFromInline var used: Int = 0

  public init(capacity: Int, arena: PacketArena) {
    precondition(capacity > 0)
    self.arena = arena
    self.capacity = capacity
    storage = .allocate(capacity: capacity)
  }

  /// The arena must still be alive when entries are left.
  deinit {
    for i in 0..<used { arena.release(storage[i].slot) }
    storage.deallocate()
  }

  @inlinable public var count: Int { used }
  @inlinable public var isEmpty: Bool { used == 0 }
  @inlinable public var isFull: Bool { used == capacity }

  /// Valid until the batch changes.
  @inlinable
  public var entries: UnsafeBufferPointer<Entry> {
    UnsafeBufferPointer(start: storage, count: used)
  }

  /// The bytes of an entry. Valid until `removeAll()`.
  @inlinable
  public func bytes(of entry: Entry) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: arena.buffer(entry.slot)[..<Int(entry.length)])
  }

  /// Takes the slot over. When the batch is full the datagram is dropped, counted in `refused` and
  /// its slot released.
  /// - Parameter length: 1...`PacketArena.slotCapacity`.
  @inlinable
  public mutating func append(_ slot: PacketSlot, length: Int, path: NetworkPath) {
    guard used < capacity, length > 0, length <= PacketArena.slotCapacity else {
      refuse(slot)
      return
    }
    (storage + used).initialize(
      to: Entry(slot: slot, length: Int32(truncatingIfNeeded: length), path: path))
    used &+= 1
  }

  @usableFromInline
  mutating func refuse(_ slot: PacketSlot) {
    refused &+= 1
    arena.release(slot)
  }

  /// Releases every slot.
  public mutating func removeAll() {
    for i in 0..<used { arena.release(storage[i].slot) }
    used = 0
  }
}
