internal import Wire

/// DTLS datagrams that wait for their turn: a handshake costs as much as forwarding hundreds of
/// packets, so that in a storm of joins a few are done per turn, after the media. Bounded; owns the
/// slots in it.
struct HandshakeQueue: ~Copyable {
  struct Entry {
    var slot: PacketSlot
    var length: Int32
    /// Place of the peer; the id tells whether it is still the same.
    var peer: Int32
    var id: PeerID
    var path: NetworkPath
  }

  let capacity: Int
  private let arena: PacketArena
  private let entries: UnsafeMutablePointer<Entry>
  private var head = 0
  private(set) var count = 0

  init(capacity: Int, arena: PacketArena) {
    precondition(capacity > 0)
    self.capacity = capacity
    self.arena = arena
    entries = .allocate(capacity: capacity)
  }

  /// The arena must still be alive when entries are left.
  deinit {
    for i in 0..<count { arena.release(entries[(head + i) % capacity].slot) }
    entries.deallocate()
  }

  /// `false` when the queue is full; the slot stays the caller's.
  mutating func append(_ entry: Entry) -> Bool {
    guard count < capacity else { return false }
    (entries + (head &+ count) % capacity).initialize(to: entry)
    count &+= 1
    return true
  }

  /// The slot is the caller's.
  mutating func popFirst() -> Entry? {
    guard count > 0 else { return nil }
    let entry = entries[head]
    head = (head &+ 1) % capacity
    count &-= 1
    return entry
  }
}
