public import Wire

/// A packet on its way to one viewer: complete but for what only the moment of sending knows.
public struct ForwardedPacket: Sendable {
  public var slot: PacketSlot
  /// Octets in the slot, from its start.
  public var length: Int32
  /// `SubscriptionSettings.destination`.
  public var destination: Int32
  public var subscription: SubscriptionHandle
  /// Where the transport-wide sequence number is to be stamped (two octets); 0 = nowhere.
  public var transportSequenceOffset: UInt16
  /// Where the absolute send time is to be stamped (three octets); 0 = nowhere.
  public var sendTimeOffset: UInt16
  public var kind: MediaKind
  public var isRetransmission: Bool
  /// Of padding alone, on the retransmission stream.
  public var isPadding = false
  /// The first packet ever of its subscription.
  public var isFirst: Bool
}

/// What the router has to send, in order. Bounded; owns the slots in it until they are taken.
public struct ForwardedPackets: ~Copyable {
  public let capacity: Int
  /// How many packets there was no room for, since the beginning.
  public private(set) var refused: UInt64 = 0

  private let arena: PacketArena
  @usableFromInline let storage: UnsafeMutablePointer<ForwardedPacket>
  @usableFromInline var used = 0

  public init(capacity: Int, arena: PacketArena) {
    precondition(capacity > 0)
    self.capacity = capacity
    self.arena = arena
    storage = .allocate(capacity: capacity)
  }

  /// The arena must still be alive when packets are left.
  deinit {
    for i in 0..<used { arena.release(storage[i].slot) }
    storage.deallocate()
  }

  @inlinable public var count: Int { used }

  /// Valid until the list changes.
  @inlinable
  public var packets: UnsafeBufferPointer<ForwardedPacket> {
    UnsafeBufferPointer(start: storage, count: used)
  }

  /// Forgets the packets: their slots are the caller's now.
  @inlinable
  public mutating func removeAllKeepingSlots() { used = 0 }

  mutating func append(_ packet: ForwardedPacket) {
    guard used < capacity else {
      refused &+= 1
      arena.release(packet.slot)
      return
    }
    (storage + used).initialize(to: packet)
    used &+= 1
  }
}
